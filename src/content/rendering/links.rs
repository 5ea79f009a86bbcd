//! Which links open something.

use url::Url;

use super::escape;
use crate::content::template::is_placeholder;

/// Schemes of links that open something.
pub(super) const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// Most bytes of a destination. Browsers and servers take about as many.
const MAX_DESTINATION: usize = 2_048;

/// Fills in the destination of a link. Returns `None` if it opens nothing: it is too long or not a URL, its scheme is another
/// one, or depends on a value.
pub(super) fn destination(written: &str, values: &[String]) -> Option<String> {
    let (scheme, _) = written.split_once(':')?;
    let is_open = SCHEMES.iter().any(|open| scheme.eq_ignore_ascii_case(open));
    // As both the writer and the sanitizer of HTML leave it.
    let destination = || escape::in_url(&escape::fill(written, values, escape::in_destination));
    is_open
        .then(destination)
        .filter(|destination| destination.len() <= MAX_DESTINATION && Url::parse(destination).is_ok())
}

/// The address that a link without function is followed by, so that its reader can decide. `None` if it is not an address
/// of the web.
pub(super) fn address(written: &str, values: &[String]) -> Option<String> {
    let address = escape::fill(written, values, |value| escape::on_one_line(value).into_owned());
    let is_web = ["http://", "https://"].iter().any(|start| address.starts_with(start));
    (is_web && written.contains(is_placeholder)).then_some(address)
}
