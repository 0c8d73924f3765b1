//! `verify_message` by the crate k256, as the original system's modules did it: MessagePack in, MessagePack out. A key
//! of 32 bytes is a Schnorr key (BIP-340), any other an ECDSA key (SEC1).
use k256::{ecdsa, schnorr};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
struct Request {
    rmessage: String,
    smessage: String,
    vkey: serde_bytes::ByteBuf,
}

#[derive(Serialize)]
enum Status {
    Valid,
    NotValid,
    Error,
}

#[derive(Serialize)]
struct Response {
    payload_back: String,
    status: Status,
}

fn schnorr(key: &[u8], signature: &[u8], digest: &[u8]) -> Option<bool> {
    let key = schnorr::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
    let signature = schnorr::Signature::try_from(signature).ok()?;
    Some(key.verify_raw(digest, &signature).is_ok())
}

fn ecdsa(key: &[u8], signature: &[u8], digest: &[u8]) -> Option<bool> {
    use ecdsa::signature::hazmat::PrehashVerifier;
    let key = ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = ecdsa::Signature::from_der(signature).ok()?;
    Some(key.verify_prehash(digest, &signature).is_ok())
}

/// The answer to a request; an error when the payload is none.
pub fn verify_message(payload: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let request: Request = rmp_serde::from_slice(payload)?;
    let digest = Sha256::digest(request.rmessage.as_bytes());
    let right = hex::decode(&request.smessage).ok().and_then(|signature| {
        if request.vkey.len() == 32 {
            schnorr(&request.vkey, &signature, &digest)
        } else {
            ecdsa(&request.vkey, &signature, &digest)
        }
    });
    let (payload_back, status) = match right {
        Some(true) => (request.rmessage, Status::Valid),
        Some(false) => (request.rmessage, Status::NotValid),
        None => ("Error".to_owned(), Status::Error),
    };
    Ok(rmp_serde::to_vec_named(&Response {
        payload_back,
        status,
    })?)
}
