//! The store: what it makes of batches of reports, and what is read back, on PostgreSQL and on SQLite.

mod batches;
mod concurrent_batches;
mod consumer_errors;
mod entities;
mod errors;
mod history;
mod migrations;
mod moves;
mod owned;
mod pages;
mod plans;
mod reading;
mod reading_hits;
mod scope;
mod stale_reports;
