//! The commands that ask an agent. Each prints columns for people, or with `--json` what the agent answered.
pub(crate) mod views;
pub(crate) mod members;
pub(crate) mod entries;
pub(crate) mod events;
pub(crate) mod info;
