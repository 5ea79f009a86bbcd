//! `serve`: the API, the ingester, or both.

use clap::{Args, ValueEnum};

use super::{Failure, signals::stop_on_signal};
use crate::{
    config::{AuthMode, Config},
    service::{self, Service},
};

/// Serve the graph and ingest messages, until SIGTERM.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// What this process does; split them, and each scales alone.
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
    /// Listen beyond loopback although everybody may read everything (the configuration must allow it too).
    #[arg(long)]
    insecure_no_auth: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// Serves the graph.
    Api,
    /// Ingests messages; serves /healthz and /readyz only.
    Ingest,
    /// Both in one process.
    All,
}

impl From<Role> for service::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Api => Self::Api,
            Role::Ingest => Self::Ingest,
            Role::All => Self::All,
        }
    }
}

impl Serve {
    pub(super) async fn run(self, config: Config) -> Result<(), Failure> {
        config.refuse_open_bind(self.insecure_no_auth)?;
        let AuthMode::None = config.auth.mode;
        tracing::warn!("auth.mode is none: whoever can connect may read every organization's results");
        let stop = stop_on_signal()?;
        let service = Service::build(config, self.role.into()).await?;
        Ok(service.run(stop).await?)
    }
}
