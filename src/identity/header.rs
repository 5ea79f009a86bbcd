//! The header `x-rh-identity`: standard base64 of JSON, from a gateway that authenticated the sender of the request.

use std::{fmt, marker::PhantomData};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::domain::OrgId;

/// The longest header that is read, in bytes. Those of the gateway have a few hundred.
pub const MAX_HEADER_BYTES: usize = 8 * 1024;

/// The sender of a request, as the gateway identified them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The organization that the sender belongs to.
    pub organization: OrgId,
    /// The user or service account; `None` if the header names neither.
    pub user: Option<User>,
    /// Whether the user administers their organization. A service account does not.
    pub is_organization_administrator: bool,
}

/// A user or a service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's id, or the client id of the service account. Never empty.
    pub subject: String,
    /// What the subject identifies.
    pub kind: UserKind,
    /// The name for display, if there is one. Never empty.
    pub name: Option<String>,
}

/// What the subject of a [`User`] identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserKind {
    /// A person.
    User,
    /// A program with an account of its own.
    ServiceAccount,
}

/// Why a header is not used. For the log: clients receive one message for all reasons, and no reason repeats a part of
/// the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request has no such header.
    #[error("the header is absent")]
    Absent,
    /// The request has the header more than once.
    #[error("there is more than one such header")]
    Repeated,
    /// The header is longer than [`MAX_HEADER_BYTES`].
    #[error("the header has more than {MAX_HEADER_BYTES} bytes")]
    TooLong,
    /// The header is not standard base64 with padding.
    #[error("the header is not standard base64")]
    NotBase64,
    /// What was encoded is not JSON.
    #[error("the decoded header is not JSON")]
    NotJson,
    /// A member has another type than that of an identity, or is repeated.
    #[error("the JSON does not have the structure of an identity")]
    NotAnIdentity,
    /// The identity names no organization.
    #[error("the identity has neither `org_id` nor `internal.org_id`")]
    NoOrganization,
    /// The organization is not a number from 1 to 4294967295 without leading zeros.
    #[error("the organization is not a number from 1 to 4294967295 without leading zeros")]
    InvalidOrganization,
    /// The identity names two organizations.
    #[error("`org_id` and `internal.org_id` differ")]
    UnequalOrganizations,
}

impl Identity {
    /// Reads the values of a request's headers of this name, of which there must be one.
    ///
    /// # Errors
    /// The first rule that the headers break.
    pub fn from_headers<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Refusal> {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Self::from_header(value),
            (None, _) => Err(Refusal::Absent),
            (Some(_), Some(_)) => Err(Refusal::Repeated),
        }
    }

    fn from_header(value: &[u8]) -> Result<Self, Refusal> {
        if value.len() > MAX_HEADER_BYTES {
            return Err(Refusal::TooLong);
        }
        let json = STANDARD.decode(value).map_err(|_| Refusal::NotBase64)?;
        // serde skips strings that it does not need without a check of their bytes.
        let json = str::from_utf8(&json).map_err(|_| Refusal::NotJson)?;
        let Object(Header { identity }) = serde_json::from_str(json)
            .map_err(|error| if error.is_data() { Refusal::NotAnIdentity } else { Refusal::NotJson })?;
        let Object(identity) = identity.ok_or(Refusal::NoOrganization)?;
        identity.read()
    }
}

/// The members of the header that are used. Others are ignored.
#[derive(Deserialize)]
struct Header {
    identity: Option<Object<IdentityMember>>,
}

#[derive(Deserialize)]
struct IdentityMember {
    org_id: Option<String>,
    internal: Option<Object<InternalMember>>,
    user: Option<Object<UserMember>>,
    service_account: Option<Object<ServiceAccountMember>>,
}

#[derive(Deserialize)]
struct InternalMember {
    org_id: Option<String>,
}

#[derive(Deserialize)]
struct UserMember {
    user_id: Option<String>,
    username: Option<String>,
    is_org_admin: Option<bool>,
}

#[derive(Deserialize)]
struct ServiceAccountMember {
    client_id: Option<String>,
    username: Option<String>,
}

impl IdentityMember {
    fn read(self) -> Result<Identity, Refusal> {
        let internal = self.internal.and_then(|Object(internal)| internal.org_id);
        let organization = match (self.org_id, internal) {
            (Some(own), Some(internal)) if own != internal => return Err(Refusal::UnequalOrganizations),
            (Some(organization), _) | (None, Some(organization)) => organization,
            (None, None) => return Err(Refusal::NoOrganization),
        };
        let organization = organization.parse().map_err(|_| Refusal::InvalidOrganization)?;
        let is_org_admin = self.user.as_ref().and_then(|Object(user)| user.is_org_admin).unwrap_or(false);
        let user = self.user.and_then(|Object(user)| user.read());
        let user = user.or_else(|| self.service_account.and_then(|Object(account)| account.read()));
        let is_user = user.as_ref().is_some_and(|user| user.kind == UserKind::User);
        Ok(Identity { organization, user, is_organization_administrator: is_user && is_org_admin })
    }
}

impl UserMember {
    fn read(self) -> Option<User> {
        let subject = not_empty(self.user_id)?;
        Some(User { subject, kind: UserKind::User, name: not_empty(self.username) })
    }
}

impl ServiceAccountMember {
    fn read(self) -> Option<User> {
        let subject = not_empty(self.client_id)?;
        Some(User { subject, kind: UserKind::ServiceAccount, name: not_empty(self.username) })
    }
}

fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// A JSON object. A derived structure alone would also be read from a list of its members' values.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, members: M) -> Result<Object<T>, M::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

#[cfg(test)]
mod tests;
