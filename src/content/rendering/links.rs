//! Which links open something.

use super::escape;
use crate::content::template::is_placeholder;

/// Schemes of links that open something.
pub(super) const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// Fills in the destination of a link. Returns `None` if it opens nothing: its scheme is another one, or depends on a
/// value.
pub(super) fn destination(written: &str, values: &[String]) -> Option<String> {
    let (scheme, _) = written.split_once(':')?;
    let is_open = SCHEMES.iter().any(|open| scheme.eq_ignore_ascii_case(open));
    is_open.then(|| escape::fill(written, values, escape::in_destination))
}

/// The address that a link without function is followed by, so that its reader can decide. `None` if it is not an address
/// of the web.
pub(super) fn address(written: &str, values: &[String]) -> Option<String> {
    let address = escape::fill(written, values, |value| escape::on_one_line(value).into_owned());
    let is_web = ["http://", "https://"].iter().any(|start| address.starts_with(start));
    (is_web && written.contains(is_placeholder)).then_some(address)
}
