//! `serve`: the API, the ingester, or both.

use clap::{Args, ValueEnum};

use super::{Error, signals::stop_on_signal};
use crate::{
    config::{AuthMode, Config},
    service::{self, Service},
};

/// Serve the graph and ingest messages until SIGTERM or SIGINT.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// What this process does. Separate processes for `api` and `ingest` can be scaled independently.
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
    /// Listen beyond loopback without authentication (auth.mode none): everyone who can connect may read everything. Also requires
    /// `http.allow_remote_without_auth = true` in the configuration.
    #[arg(long)]
    insecure_no_auth: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// Serves the graph.
    Api,
    /// Ingests messages. Serves only /healthz, /readyz and /metrics.
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
    pub(super) async fn run(self, config: Config) -> Result<(), Error> {
        config.check_bind(self.insecure_no_auth)?;
        if config.auth.mode == AuthMode::None {
            tracing::warn!("auth.mode is `none`: everyone who can connect may read the results of every organization");
        }
        let stop = stop_on_signal()?;
        let service = Service::build(config, self.role.into()).await?;
        Ok(service.run(stop).await?)
    }
}
