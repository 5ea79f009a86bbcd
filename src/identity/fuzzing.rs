//! Invariants of the identity header for any input, for the target in `fuzz/` and for property tests.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::header::Identity;

/// Reads bytes as a header; and in base64, so that they are also tried as the JSON inside.
///
/// # Panics
/// If an identity has an empty text, or the same bytes are read in two ways.
pub fn read_identity(bytes: &[u8]) {
    for header in [bytes, STANDARD.encode(bytes).as_bytes()] {
        let identity = Identity::from_headers([header]);
        assert_eq!(identity, Identity::from_headers([header]));
        let Ok(identity) = identity else { continue };
        let texts = identity.user.iter().flat_map(|user| [Some(&user.subject), user.name.as_ref()]).flatten();
        assert!(texts.into_iter().all(|text| !text.is_empty()));
        assert!(identity.user.is_some() || !identity.is_organization_administrator);
    }
}
