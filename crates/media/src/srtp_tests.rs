use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}

fn crypto() -> CryptoProvider {
    str0m::crypto::from_feature_flags()
}

fn rfc7714() -> Context {
    let key: Vec<u8> = (0..16).collect();
    let salt = bytes("51 75 69 64 20 70 72 6f 20 71 75 6f");
    Context::with_session_key(crypto().srtp_provider, key.try_into().unwrap(), salt.try_into().unwrap())
}

fn session(profile: SrtpProfile, seed: u8, active: bool) -> Session {
    let len = profile.keying_material_len();
    let material = (0..len).map(|i| (i as u8).wrapping_mul(7).wrapping_add(seed)).collect();
    Session::new(&crypto(), &Exported { material, profile }, active).unwrap()
}

const GCM: [SrtpProfile; 2] = [SrtpProfile::AEAD_AES_128_GCM, SrtpProfile::AEAD_AES_256_GCM];

#[test]
fn keys_are_derived_as_in_rfc_3711_appendix_b3() {
    let master = bytes("E1F97A0D3E018BE0D64FA32C06DE4139");
    let salt = bytes("0EC675AD498AFEEBB6960B3AABE6");
    let derived = |label: Label, len: usize| {
        let mut out = vec![0; len];
        derive(crypto().srtp_provider, &master, &salt, label as u8, &mut out);
        out
    };
    assert_eq!(derived(Label::RtpKey, 16), bytes("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(derived(Label::RtpSalt, 14), bytes("30CBBC08863D8C85D49DB34A9AE1"));
}

#[test]
fn rtp_is_sealed_as_in_rfc_7714_section_16_1() {
    let mut context = rfc7714();
    let header = bytes("8040f17b 8041f8d3 5501a0b2");
    let plain = bytes("47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573");
    let nonce = context.nonce(0x5501_a0b2, 0xf17b);
    assert_eq!(nonce.to_vec(), bytes("51 75 3c 65 80 c2 72 6f 20 71 84 14"));
    let mut out = vec![0; plain.len() + TAG];
    context.seal(&nonce, &header, &plain, &mut out);
    let sealed = "f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833
        899d7f27 beb16a91 52cf765e e4390cce";
    assert_eq!(out, bytes(sealed));
}

#[test]
fn rtcp_is_sealed_as_in_rfc_7714_section_17_1() {
    let mut session = session(SrtpProfile::AEAD_AES_128_GCM, 0, false);
    session.rtcp = rfc7714();
    session.rtcp_index = 0x5d4;
    let plain = bytes(
        "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
         deadbeef deadbeef deadbeef deadbeef deadbeef",
    );
    let mut out = vec![0; plain.len() + RTCP_OVERHEAD];
    assert!(session.seal_rtcp(&plain, &mut out));
    let sealed = "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1
         730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4";
    assert_eq!(out, bytes(sealed));
}

#[test]
fn both_ends_agree_and_a_packet_counts_once() {
    for profile in GCM {
        let (mut server, mut client) = (session(profile, 1, false), session(profile, 1, true));
        let packet: Vec<u8> = (0..32).collect();
        for round in 0..300u32 {
            let mut sealed = vec![0; packet.len() + RTCP_OVERHEAD];
            assert!(client.seal_rtcp(&packet, &mut sealed));
            let mut plain = Vec::new();
            let mut forged = sealed.clone();
            forged[(round % 52) as usize] ^= 1;
            assert!(!server.open_rtcp(&forged, &mut plain), "forged");
            assert!(server.open_rtcp(&sealed, &mut plain) && plain == packet, "authentic");
            assert!(!server.open_rtcp(&sealed, &mut plain), "replayed");
            assert!(!client.open_rtcp(&sealed, &mut plain), "their keys are not ours");
        }
        for len in 0..RTCP_CLEAR + RTCP_OVERHEAD {
            assert!(!server.open_rtcp(&vec![0x80; len], &mut Vec::new()));
        }
    }
}

#[test]
fn other_profiles_and_short_keys_are_refused() {
    let refused = |profile: SrtpProfile, len| {
        Session::new(&crypto(), &Exported { material: vec![0; len], profile }, false).is_none()
    };
    assert!(refused(SrtpProfile::AES128_CM_SHA1_80, 60));
    for profile in GCM {
        assert!(refused(profile, profile.keying_material_len() - 1));
        assert!(!refused(profile, profile.keying_material_len()));
    }
}

#[test]
fn keys_end_before_the_srtcp_index_repeats() {
    let mut s = session(SrtpProfile::AEAD_AES_128_GCM, 0, false);
    s.rtcp_index = LAST_INDEX;
    let mut out = vec![0; 28 + RTCP_OVERHEAD];
    assert!(s.seal_rtcp(&[0; 28], &mut out));
    assert!(!s.seal_rtcp(&[0; 28], &mut out));
}

#[test]
fn a_new_dtls_session_has_new_keys() {
    let (mut first, mut second) =
        (session(SrtpProfile::AEAD_AES_256_GCM, 1, false), session(SrtpProfile::AEAD_AES_256_GCM, 2, false));
    let (mut a, mut b) = ([0; 12 + 4 + TAG], [0; 12 + 4 + TAG]);
    first.seal_rtp(1, 1, &[0; 12], b"same", &mut a);
    second.seal_rtp(1, 1, &[0; 12], b"same", &mut b);
    assert_ne!(a[12..], b[12..]);
}

proptest! {
    #[test]
    fn no_number_is_taken_twice(start in 0u64..1 << 40, steps in prop::collection::vec(-200i64..200, 1..300)) {
        let (mut window, mut taken, mut at) = (Window::default(), HashSet::new(), start + 40_000);
        let mut highest = 0;
        for step in steps {
            at = at.saturating_add_signed(step);
            let expected = !taken.contains(&at) && at + 128 > highest;
            prop_assert_eq!(window.is_new(at), expected);
            prop_assert_eq!(window.take(at), expected);
            taken.insert(at);
            highest = highest.max(at);
        }
    }
}
