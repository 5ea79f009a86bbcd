//! Media types: of a request's body, and of the response that a client accepts.
//!
//! By RFC 9110, `Accept` is a list of media ranges with parameters, wildcards and weights, in any case.

use std::iter;

use axum::http::{HeaderMap, HeaderValue, header};
use mime::Mime;

/// The response media types of GraphQL over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status shows whether the request was executed.
    GraphqlResponse,
    /// `application/json`: the status is 200 for every GraphQL response, as old clients expect.
    Json,
}

impl MediaType {
    /// The media type that the client prefers, or `None` if it accepts neither. Without a preference it is
    /// `application/json`, which every client reads. If both are named with the same weight, it is the newer one.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let text = lines.collect::<Vec<_>>().join(",");
        if text.trim().is_empty() {
            return Some(Self::Json);
        }
        let ranges: Vec<_> = split(&text, ',').filter_map(MediaRange::parse).collect();
        match (Self::GraphqlResponse.weight(&ranges), Self::Json.weight(&ranges)) {
            (Some(new), Some(old)) if new > old || (new == old && new.is_named) => Some(Self::GraphqlResponse),
            (_, Some(_)) => Some(Self::Json),
            (Some(_), None) => Some(Self::GraphqlResponse),
            (None, None) => None,
        }
    }

    /// The value of `Content-Type`.
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    /// Type and subtype, without parameters.
    fn essence(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json",
            Self::Json => "application/json",
        }
    }

    /// The weight that the most specific matching range gives this media type. `None` if it is not accepted.
    fn weight(self, ranges: &[MediaRange]) -> Option<Weight> {
        let (specificity, quality) = ranges.iter().filter_map(|range| range.matches(self)).max()?;
        (quality > 0).then_some(Weight { quality, is_named: specificity == Specificity::Named })
    }
}

/// Whether a body is JSON in UTF-8, under either media type.
pub(super) fn is_json(content_type: &HeaderValue) -> bool {
    let mime = content_type.to_str().ok().and_then(parse);
    mime.is_some_and(|mime| {
        let names = |media_type: MediaType| mime.essence_str() == media_type.essence();
        is_utf8(&mime) && (names(MediaType::Json) || names(MediaType::GraphqlResponse))
    })
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    /// In thousandths.
    quality: u16,
    is_named: bool,
}

/// How specific a matching range is. A more specific range overrides a wider one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Specificity {
    Anything,
    AnyApplication,
    Named,
}

/// An element of `Accept`.
struct MediaRange {
    mime: Mime,
    /// In thousandths.
    quality: u16,
}

impl MediaRange {
    /// `None` if the text is malformed; such an element is ignored.
    fn parse(text: &str) -> Option<Self> {
        let mime = parse(text)?;
        let quality = mime.get_param("q").map_or(Some(1_000), |quality| thousandths(quality.as_str()))?;
        Some(Self { mime, quality })
    }

    fn matches(&self, media_type: MediaType) -> Option<(Specificity, u16)> {
        let specificity = match self.mime.essence_str() {
            "*/*" => Specificity::Anything,
            _ if !is_utf8(&self.mime) => return None,
            "application/*" => Specificity::AnyApplication,
            essence if essence == media_type.essence() => Specificity::Named,
            _ => return None,
        };
        Some((specificity, self.quality))
    }
}

/// Parses a media type with its parameters `q` and `charset`. The others have no effect here, and `mime` rejects blanks
/// before a semicolon and quoted strings that are empty or have escapes, all of which RFC 9110 allows.
fn parse(text: &str) -> Option<Mime> {
    let mut parts = split(text, ';');
    let essence = parts.next()?;
    let has_effect = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        ["q", "charset"].iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    iter::once(essence).chain(parts.filter(has_effect)).collect::<Vec<_>>().join(";").parse().ok()
}

fn is_utf8(mime: &Mime) -> bool {
    mime.get_param(mime::CHARSET).is_none_or(|charset| ["utf-8", "utf8"].contains(&charset.as_str()))
}

/// Parses a weight such as `0.5`: from 0 to 1 with at most three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_short = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let decimals: u16 = if is_short { format!("{decimals:0<3}").parse().ok()? } else { return None };
    match (whole, decimals) {
        ("0", decimals) => Some(decimals),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

/// The trimmed parts between separators that are outside quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(move |c| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        c == separator && !is_quoted
    });
    parts.map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(lines: &[&str]) -> Option<MediaType> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::ACCEPT, line.parse().expect("a header"));
        }
        MediaType::accepted(&headers)
    }

    #[test]
    fn the_media_type_that_the_client_prefers_is_accepted() {
        use MediaType::{GraphqlResponse, Json};
        for (accept, media_type) in [
            ("application/json", Json),
            ("application/graphql-response+json", GraphqlResponse),
            ("APPLICATION/GraphQL-Response+JSON ; Charset=\"UTF-8\"", GraphqlResponse),
            ("application/graphql-response+json, application/json", GraphqlResponse),
            ("application/json, application/graphql-response+json", GraphqlResponse),
            ("application/json, application/graphql-response+json;q=0.9", Json),
            ("application/graphql-response+json;q=0.8,application/json;q=0.81", Json),
            ("text/html, application/*;q=0.2, */*;q=0.1", Json),
            ("*/*", Json),
            ("application/json;q=0, */*", GraphqlResponse),
            ("application/json;q=0.1, */*;q=0.9", GraphqlResponse),
            ("application/graphql-response+json, */*", GraphqlResponse),
            ("application/json, */*", Json),
            ("nonsense, ;;;, application/json;profile=\"a,b;q=0\"", Json),
            ("application/json ;Q=0.1 ; ; charset=utf-8\t;, application/graphql-response+json;q=0.2", GraphqlResponse),
            (r#"application/json;profile="a\"b,c;q=0";q=0.2, application/graphql-response+json;q=0.1"#, Json),
            (r#"application/json;profile="";q=0.2, application/graphql-response+json;q=0.1"#, Json),
            ("", Json),
            (" ", Json),
        ] {
            assert_eq!(accepted(&[accept]), Some(media_type), "{accept}");
        }
        assert_eq!(accepted(&[]), Some(Json));
        assert_eq!(accepted(&["text/html", "application/graphql-response+json"]), Some(GraphqlResponse));
    }

    #[test]
    fn a_client_may_accept_neither_media_type() {
        for accept in [
            "text/html",
            "application/xml, text/*",
            "application/json;charset=iso-8859-1",
            "application/json;q=0, application/graphql-response+json;q=0.000",
            "*/*;q=0",
            "application/json;q=2",
            "application/json;q=0.0001",
            "application/jsonp",
            "application",
        ] {
            assert_eq!(accepted(&[accept]), None, "{accept}");
        }
    }

    #[test]
    fn only_json_in_utf_8_is_json() {
        let is_json = |text: &str| is_json(&text.parse().expect("a header"));
        for json in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/graphql-response+json",
        ] {
            assert!(is_json(json), "{json}");
        }
        for other in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/*",
            "*/*",
            "text/plain; application/json",
            "application/json; charset=latin1",
            "",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }
}
