//! What people read: each refusal says what was wrong and what to do, and each value looks as it is written elsewhere.
use core::{error::Error, net::SocketAddr};
use gossip_core::{
    Addr, ClusterLabel, Config, ConfigError, DeleteError, Generation, Heap, Incarnation, JoinError, Limits, Liveness,
    Node, NodeId, PresenceError, PublishError, PutError, RestoreError, Sensor, Storage, TooLong, id::Life,
    wire::Standing,
};
use rand_pcg::Pcg32;

const TOO_LONG: TooLong = TooLong { len: 40, len_max: 32 };

#[test]
fn refusals_say_what_to_do() {
    let said: [(&dyn Error, &str); 19] = [
        (&TOO_LONG, "40 bytes are too long: at most 32 fit a datagram"),
        (&JoinError::OwnAddress, "the seed is this node's own address: name another node"),
        (&JoinError::Left, "this node has left its cluster"),
        (&PresenceError::TooLong(TOO_LONG), "40 bytes are too long: at most 32 fit a datagram"),
        (&PresenceError::Left, "this node has left its cluster"),
        (&PublishError::TooLong(TOO_LONG), "40 bytes are too long: at most 32 fit a datagram"),
        (
            &PublishError::Full { limit: 8 },
            "all 8 rumors remembered wait to be drained: drain, or raise `limits.rumors`",
        ),
        (&PublishError::Exhausted, "this life has numbered 2^32 of them: restart the node"),
        (&PublishError::Left, "this node has left its cluster"),
        (&PutError::TooLong(TOO_LONG), "40 bytes are too long: at most 32 fit a datagram"),
        (
            &PutError::Full { limit: 16 },
            "no room for another key: 16 are held, deleted ones included; raise `limits.entries`",
        ),
        (
            &PutError::WritersFull { limit: 16 },
            "no room for another writer: 16 lives of nodes are remembered; raise `limits.writers`",
        ),
        (&PutError::Exhausted, "this life has numbered 2^32 of them: restart the node"),
        (&PutError::Left, "this node has left its cluster"),
        (&DeleteError::Absent, "there is no such key"),
        (
            &DeleteError::WritersFull { limit: 16 },
            "no room for another writer: 16 lives of nodes are remembered; raise `limits.writers`",
        ),
        (&RestoreError::Malformed, "what was kept is damaged, or was kept by another program"),
        (&RestoreError::Version(2), "what was kept is of version 2, which this one does not read"),
        (&RestoreError::Foreign, "what was kept belongs to another node, or to another cluster"),
    ];
    for (error, words) in said {
        assert_eq!(error.to_string(), words);
    }
    assert_eq!(DeleteError::Exhausted.to_string(), PutError::Exhausted.to_string());
    assert_eq!(DeleteError::Left.to_string(), PutError::Left.to_string());
}

#[test]
fn a_configuration_is_refused_by_the_name_of_what_is_wrong() {
    type Spoil = fn(&mut Config);
    let day = core::time::Duration::from_hours(24);
    assert_eq!(Config::lan().remember_gone, day);
    let spoilt: [(Spoil, &str); 21] = [
        (|config| config.probe_interval /= 10_000, "`probe_interval` must be from 1 ms to 1 day"),
        (|config| config.probe_timeout /= 10_000, "`probe_timeout` must be from 1 ms to 1 day"),
        (|config| config.gossip_interval *= 1_000_000, "`gossip_interval` must be from 1 ms to 1 day"),
        (|config| config.reconnect_interval *= 1_000_000, "`reconnect_interval` must be from 1 ms to 1 day"),
        (|config| config.fanout = 0, "`fanout` must be from 1 to 16"),
        (|config| config.fanout = 17, "`fanout` must be from 1 to 16"),
        (|config| config.indirect_probes = 0, "`indirect_probes` must be from 1 to 7"),
        (|config| config.indirect_probes = 8, "`indirect_probes` must be from 1 to 7"),
        (|config| config.news_mult = 0, "`news_mult` must be from 1 to 64"),
        (|config| config.news_mult = 65, "`news_mult` must be from 1 to 64"),
        (|config| config.suspicion_mult = 0, "`suspicion_mult` must not be zero"),
        (
            |config| config.probe_timeout = config.probe_interval,
            "`probe_timeout` must be shorter than `probe_interval`",
        ),
        (|config| config.datagram_len_max = 95, "`datagram_len_max` is 95, and must be from 96 to 16000 bytes"),
        (|config| config.datagram_len_max = 16_001, "`datagram_len_max` is 16001, and must be from 96 to 16000 bytes"),
        (|config| config.limits.members = 0, "`limits.members` must not be zero"),
        (|config| config.limits.seeds = 0, "`limits.seeds` must not be zero"),
        (|config| config.limits.name_conflicts = 0, "`limits.name_conflicts` must not be zero"),
        (|config| config.limits.writers = 0, "`limits.writers` must not be zero"),
        (|config| config.limits.outbox = 0, "`limits.outbox` must not be zero"),
        (|config| config.limits.questions = 0, "`limits.questions` must not be zero"),
        (|config| config.gossip_interval = core::time::Duration::ZERO, "`gossip_interval` must be from 1 ms to 1 day"),
    ];
    for (spoil, words) in spoilt {
        let mut config = Config::lan();
        spoil(&mut config);
        assert_eq!(refusal::<Heap>(config).map(|error| error.to_string()).as_deref(), Some(words));
    }
}

#[test]
fn presets_suit_their_storage_and_nothing_smaller() {
    for config in [Config::lan(), Config::wan(), Config::sensor()] {
        assert_eq!(refusal::<Heap>(config), None);
    }
    assert_eq!(refusal::<Sensor>(Config::sensor()), None);
    let beyond = |limits| refusal::<Sensor>(Config { limits, ..Config::sensor() });
    let limits = Config::sensor().limits;
    let too_much = [
        ("limits.members", Limits { members: 17, ..limits }),
        ("limits.seeds", Limits { seeds: 4, ..limits }),
        ("limits.name_conflicts", Limits { name_conflicts: 2, ..limits }),
        ("limits.rumors", Limits { rumors: 9, ..limits }),
        ("limits.entries", Limits { entries: 17, ..limits }),
        ("limits.writers", Limits { writers: 17, ..limits }),
        ("limits.outbox", Limits { outbox: 8, ..limits }),
        ("limits.questions", Limits { questions: 2, ..limits }),
        ("limits.waits", Limits { waits: 1, ..limits }),
    ];
    for (name, limits) in too_much {
        assert_eq!(beyond(limits), Some(ConfigError::BeyondStorage(name)));
    }
    let longer = Config { datagram_len_max: 102, ..Config::sensor() };
    let error = refusal::<Sensor>(longer).unwrap();
    assert_eq!(
        error.to_string(),
        "`datagram_len_max` exceeds what the storage can hold: lower it or enlarge the region"
    );
}

/// Why no node is made so.
fn refusal<S: Storage>(config: Config) -> Option<ConfigError> {
    let addr = Addr::new(&[1; Addr::LEN_MAX]).unwrap();
    Node::<S>::with_storage(NodeId(1), addr, config, &mut Pcg32::new(1, 1)).err()
}

#[test]
fn values_look_as_people_write_them() {
    let life = Life { origin: NodeId(0xab), generation: Generation(0x1f) };
    assert_eq!(life.dot(300).to_string(), "00000000000000ab.0000001f.300");
    assert_eq!(Incarnation(7).to_string(), "7");
    let v6: SocketAddr = "[2001:db8::1]:7946".parse().unwrap();
    assert_eq!(format!("{:?}", Addr::from(v6)), "Addr([2001:db8::1]:7946)");
    assert_eq!(Addr::new(&[0x0a, 0xff]).unwrap().to_string(), "0aff", "what is no address of the Internet");
    assert_eq!(format!("{:?}", ClusterLabel::new("gossip")), "ClusterLabel(34cac47e)");
    let node = Node::<Heap>::new(NodeId(0xab), Addr::from(v6), Config::lan(), &mut Pcg32::new(1, 1)).unwrap();
    let line = format!("{node:?}");
    assert!(line.starts_with("Node { me: Identity { id: NodeId(171)") && line.len() < 300, "no dump: {line}");
    let standings = [Standing::Alive, Standing::Suspect, Standing::Down, Standing::Left];
    let words = standings.map(|standing| format!("{:>7}", Liveness::from(standing)));
    assert_eq!(words, ["  alive", "suspect", "   down", "   left"]);
}
