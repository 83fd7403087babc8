//! Tokens as an operator's LiveKit tools make them: JWT, HS256, signed with an API secret.

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

/// Seconds; a run is shorter.
const LIFETIME: u64 = 3600;

/// An operator's key pair.
#[derive(Clone, Debug)]
pub struct Operator {
    pub key: String,
    pub secret: String,
}

impl Operator {
    /// A token that lets `identity` into `room`. `now` in seconds since 1970.
    pub fn token(&self, room: &str, identity: &str, now: u64) -> String {
        let claims = json!({
            "iss": self.key,
            "sub": identity,
            "name": identity,
            "nbf": now.saturating_sub(10),
            "exp": now + LIFETIME,
            "video": {
                "roomJoin": true, "room": room, "canPublish": true, "canSubscribe": true, "canPublishData": true,
            },
        });
        let header = json!({"alg": "HS256", "typ": "JWT"});
        let signed = format!("{}.{}", part(&header), part(&claims));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes()), signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
    }
}

fn part(value: &serde_json::Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator() -> Operator {
        Operator { key: "bench".into(), secret: "0123456789abcdef0123456789abcdef".into() }
    }

    #[test]
    fn a_token_names_the_room_the_guest_and_its_end() {
        let token = operator().token("R", "ann", 1000);
        let parts: Vec<&str> = token.split('.').collect();
        let read = |at: usize| -> serde_json::Value {
            serde_json::from_slice(&BASE64URL_NOPAD.decode(parts[at].as_bytes()).unwrap()).unwrap()
        };
        assert_eq!(parts.len(), 3);
        assert_eq!(read(0)["alg"], "HS256");
        let claims = read(1);
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("bench"), &json!("ann")));
        assert_eq!(claims["video"]["room"], "R");
        assert_eq!(claims["exp"], 4600);
    }

    #[test]
    fn the_signature_is_over_header_and_claims() {
        let token = operator().token("R", "ann", 1000);
        let (signed, tag) = token.rsplit_once('.').unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, operator().secret.as_bytes());
        let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).unwrap();
        assert!(hmac::verify(&key, signed.as_bytes(), &tag).is_ok());
        assert_ne!(token, operator().token("R", "bob", 1000));
    }
}
