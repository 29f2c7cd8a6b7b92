//! The `gossip` program; everything it does is in [`gossip_tokio::program`].

fn main() -> std::process::ExitCode {
    gossip_tokio::program::main()
}
