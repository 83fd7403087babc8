//! The SRTP keys of a connection, copied as they pass out of DTLS into str0m.
//!
//! str0m gives its SRTP keys to nobody, but takes its DTLS from a provider. Ours hands out str0m's own DTLS instances,
//! each in a wrapper that keeps what it exports (RFC 5764 section 4.2).

use std::cell::RefCell;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use str0m::config::DtlsCert;
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion, SrtpProfile,
};
use str0m::crypto::{CryptoError, CryptoProvider};

/// What DTLS exported: client key, server key, client salt, server salt.
pub struct Exported {
    pub material: Vec<u8>,
    pub profile: SrtpProfile,
}

impl std::fmt::Debug for Exported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exported({:?})", self.profile) // keys stay out of logs
    }
}

/// Where the keys of one connection appear. Locked when a handshake ends, never for a packet.
#[derive(Clone, Debug, Default)]
pub struct Slot(Arc<Mutex<Option<Exported>>>);

impl Slot {
    /// The newest keys, once.
    pub fn take(&self) -> Option<Exported> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, exported: Exported) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(exported);
    }
}

thread_local! {
    /// The slot of the DTLS instance that was made last on this thread.
    static MADE: RefCell<Option<Slot>> = const { RefCell::new(None) };
}

/// Runs `make`, which builds one `Rtc` with a tapped provider, and gives its slot as well.
pub fn tap<T>(make: impl FnOnce() -> T) -> (T, Slot) {
    MADE.with_borrow_mut(Option::take);
    let made = make();
    (made, MADE.with_borrow_mut(Option::take).unwrap_or_default())
}

/// str0m's provider with taps on its DTLS.
pub fn tapped_provider() -> CryptoProvider {
    static TAPS: OnceLock<Taps> = OnceLock::new(); // providers are static
    let base = str0m::crypto::from_feature_flags();
    let taps = TAPS.get_or_init(|| Taps(base.dtls_provider));
    CryptoProvider { dtls_provider: taps, ..base }
}

#[derive(Debug)]
struct Taps(&'static dyn DtlsProvider);

impl DtlsProvider for Taps {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        self.0.generate_certificate()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let inner = self.0.new_dtls(certificate, now, version, mtu)?;
        let slot = Slot::default();
        MADE.with_borrow_mut(|made| *made = Some(slot.clone()));
        Ok(Box::new(Tap { inner, slot }))
    }

    fn is_test(&self) -> bool {
        self.0.is_test()
    }
}

#[derive(Debug)]
struct Tap {
    inner: Box<dyn DtlsInstance>,
    slot: Slot,
}

impl DtlsInstance for Tap {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }
    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }
    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.inner.poll_output(buffer);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            self.slot.put(Exported { material: material.to_vec(), profile: *profile });
        }
        output
    }
    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.inner.handle_timeout(now)
    }
    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.inner.send_application_data(data)
    }
    fn is_active(&self) -> bool {
        self.inner.is_active()
    }
    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.inner.protocol_version()
    }
    fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }
    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }
    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}
