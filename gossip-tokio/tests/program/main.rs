//! The `gossip` program as its users meet it: real processes, on loopback.
mod process;
mod settings;
mod commands;
mod company;
mod control;
mod endings;
mod replay;
mod demo;
mod sim;
mod waiting;
