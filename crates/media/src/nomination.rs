//! Where the client is: the first authentic check is as good as a nomination, and later ones are followed.
//!
//! Browsers check a path, wait about 100 ms until they trust it, and only then nominate it. An ICE-lite agent may not
//! send before that (RFC 8445 section 12.1.2), and str0m does not: the answer to the client's first DTLS flight waits,
//! on both connections. But the check has proved all that a nomination would: whoever sent it knows the password. So
//! the first one is read as a nomination; should the client nominate another path, that one is followed.

use str0m::config::CryptoProvider;
use str0m::ice::{StunMessage, StunMessageBuilder};

use crate::rtc::RtcTransport;
use crate::stun;
use crate::transport::Datagram;

/// More than any STUN request that is read.
const LARGEST: usize = 2048;

/// The same request with USE-CANDIDATE, signed with `password`, which is our own. None for what is no binding request of
/// a controlling agent, does not know the password, or nominates already.
pub fn add_to(request: &[u8], password: &str, crypto: &CryptoProvider) -> Option<Vec<u8>> {
    let message = StunMessage::parse(request).ok().filter(|m| m.is_binding_request() && !m.use_candidate())?;
    let hmac = |key: &[u8], parts: &[&[u8]]| crypto.sha1_hmac_provider.sha1_hmac(key, parts);
    if !message.verify(password.as_bytes(), hmac) {
        return None;
    }
    let nominating = StunMessageBuilder::new()
        .binding()
        .request()
        .username(message.username()?)
        .prio(message.prio()?)
        .ice_controlling(message.ice_controlling()?)
        .use_candidate()
        .build(message.trans_id());
    let mut bytes = vec![0; LARGEST];
    let length = nominating.to_bytes(Some(password.as_bytes()), &mut bytes, hmac).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

impl RtcTransport {
    /// What is to be read instead of a client's first check.
    pub(crate) fn nominate_early(&mut self, datagram: &Datagram<'_>) -> Option<Vec<u8>> {
        let pwd = self.rtc.direct_api().local_ice_credentials().pass;
        let nominating = add_to(datagram.bytes, &pwd, &self.crypto)?;
        self.path = self.came;
        Some(nominating)
    }

    /// A client that changes networks checks its new address and uses it (RFC 8445 section 8.1.1: the controlling side
    /// nominates); str0m would hold on to the old one until that times out.
    pub(crate) fn follow_nomination(&mut self, datagram: &Datagram<'_>) {
        if self.path.is_none_or(|p| p.to == datagram.from) || !stun::nominates(datagram.bytes) {
            return;
        }
        let pwd = self.rtc.direct_api().local_ice_credentials().pass;
        let hmac = |key: &[u8], parts: &[&[u8]]| self.crypto.sha1_hmac_provider.sha1_hmac(key, parts);
        // Not `accepts`: that believes anything that comes from where str0m sends to.
        if StunMessage::parse(datagram.bytes).is_ok_and(|m| m.verify(pwd.as_bytes(), hmac)) {
            self.path = self.came;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use str0m::ice::TransId;

    fn request(nominates: bool, controlling: bool, crypto: &CryptoProvider) -> Vec<u8> {
        let mut builder = StunMessageBuilder::new().binding().request().username("ours:theirs").prio(77);
        builder = if controlling { builder.ice_controlling(9) } else { builder.ice_controlled(9) };
        builder = if nominates { builder.use_candidate() } else { builder };
        let mut bytes = vec![0; LARGEST];
        let hmac = |key: &[u8], parts: &[&[u8]]| crypto.sha1_hmac_provider.sha1_hmac(key, parts);
        let length = builder.build(TransId::new()).to_bytes(Some(b"password"), &mut bytes, hmac).unwrap();
        bytes.truncate(length);
        bytes
    }

    #[test]
    fn a_check_becomes_a_nomination_and_stays_itself() {
        let crypto = str0m::crypto::from_feature_flags();
        let check = request(false, true, &crypto);
        let nominating = add_to(&check, "password", &crypto).unwrap();
        let (before, after) = (StunMessage::parse(&check).unwrap(), StunMessage::parse(&nominating).unwrap());
        assert!(after.use_candidate() && crate::stun::nominates(&nominating));
        assert_eq!((after.username(), after.prio(), after.ice_controlling()), (Some("ours:theirs"), Some(77), Some(9)));
        assert_eq!(after.trans_id(), before.trans_id());
        let hmac = |key: &[u8], parts: &[&[u8]]| crypto.sha1_hmac_provider.sha1_hmac(key, parts);
        assert!(after.verify(b"password", hmac) && !after.verify(b"another", hmac));
    }

    #[test]
    fn everything_else_is_left_as_it_is() {
        let crypto = str0m::crypto::from_feature_flags();
        let left = |bytes: &[u8]| add_to(bytes, "password", &crypto).is_none();
        assert!(left(&request(true, true, &crypto)) && left(&request(false, false, &crypto)));
        assert!(add_to(&request(false, true, &crypto), "another", &crypto).is_none());
        assert!(left(&[]) && left(&[0; 20]) && left(&[22; 100]));
    }
}
