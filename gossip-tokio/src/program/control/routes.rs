//! What each request of the control API does.
use super::{
    Accepted, BODY_LEN_MAX, JoinRequest, Joined, Left, NotHandedOver, PresenceRequest, Waited,
    event_log::{EventLog, Told},
    local::local_requests_only,
    refusal::{Answer, Refusal, SHORTEN, SPLIT},
    ttl::Ttl,
    waits::{self, WaitQuery},
    writes::{self, DeleteQuery, WriteQuery},
};
use crate::{DataFile, EntryInfo, Gossip, Info, Lengths, Liveness, MemberInfo, OwnedEvent, TextOrHex, Urgency};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::{Method, StatusCode, Uri},
    middleware,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post, put},
};
use core::{net::SocketAddr, time::Duration};
use futures_util::stream::{self, Stream};
use gossip_core::adapter::can_send;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::SystemTime};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout_at},
};

/// How often a waiting join looks again when nothing seems to happen.
const JOIN_LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// How often a silent event stream says that it is still there.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

type Body = Result<Bytes, BytesRejection>;

/// What every request has at hand.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) gossip: Gossip,
    /// Closed when the node has stopped.
    pub(crate) log: EventLog,
    /// Tells the agent to leave, and how long that may take if not as long as ever.
    pub(crate) leave: mpsc::Sender<Option<Duration>>,
    /// What the cluster's label was made of: the node itself knows no more than the label.
    pub(crate) cluster_name: Arc<str>,
}

/// Every route, and what holds for all of them.
pub(super) fn router(api: Api) -> Router {
    Router::new()
        .route("/v1/members", get(members))
        .route("/v1/members/{name}", get(member))
        .route("/v1/info", get(info))
        .route("/v1/agreement", get(agreement))
        .route("/v1/kv", get(list))
        .route("/v1/kv/", get(entry).put(write).delete(remove))
        .route("/v1/kv/{*key}", get(entry).put(write).delete(remove))
        .route("/v1/wait", post(wait))
        .route("/v1/presence", put(set_presence))
        .route("/v1/publish", post(publish))
        .route("/v1/join", post(join))
        .route("/v1/leave", post(leave))
        .route("/v1/events", get(events))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::max(BODY_LEN_MAX))
        .layer(middleware::from_fn(local_requests_only))
        .with_state(api)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MembersQuery {
    /// Comma-separated: `alive,suspect`.
    status: Option<String>,
}

async fn members(
    State(api): State<Api>,
    query: Result<Query<MembersQuery>, QueryRejection>,
) -> Answer<Json<Vec<MemberInfo>>> {
    let Query(MembersQuery { status }) = query?;
    let wanted = status.map(|status| statuses(&status)).transpose()?;
    let mut members = api.gossip.members().await?;
    if let Some(wanted) = wanted {
        members.retain(|member| wanted.contains(&member.liveness));
    }
    Ok(Json(members))
}

async fn member(State(api): State<Api>, name: Result<Path<String>, PathRejection>) -> Answer<Json<MemberInfo>> {
    let Path(name) = name?;
    let mut members = api.gossip.members().await?.into_iter();
    let found = members.find(|member| member.name == name || member.id.to_string() == name);
    found.map(Json).ok_or_else(|| Refusal::not_found(format!("no member is called {name:?}")))
}

/// What the node tells of itself, and what only its agent knows.
#[derive(Debug, Serialize)]
struct AgentInfo {
    #[serde(flatten)]
    info: Info,
    cluster_name: String,
}

async fn info(State(api): State<Api>) -> Answer<Json<AgentInfo>> {
    let info = api.gossip.info().await?;
    Ok(Json(AgentInfo { info, cluster_name: api.cluster_name.to_string() }))
}

async fn agreement(State(api): State<Api>) -> Answer<Response> {
    Ok(Json(api.gossip.agreement().await?).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    #[serde(default)]
    prefix: String,
}

async fn list(State(api): State<Api>, query: Result<Query<ListQuery>, QueryRejection>) -> Answer<Json<Vec<EntryInfo>>> {
    let Query(ListQuery { prefix }) = query?;
    Ok(Json(api.gossip.list(prefix).await?))
}

async fn entry(State(api): State<Api>, uri: Uri) -> Answer<Json<EntryInfo>> {
    let key = key_in(&uri);
    let entry = api.gossip.get(&key).await?;
    entry.map(Json).ok_or_else(|| no_entry(&key))
}

async fn write(
    State(api): State<Api>,
    uri: Uri,
    query: Result<Query<WriteQuery>, QueryRejection>,
    body: Body,
) -> Answer<Response> {
    let Query(query) = query?;
    let value = content(&api, body, |lengths| lengths.entry_max, SPLIT).await?;
    writes::write(&api.gossip, key_in(&uri), value, query).await
}

async fn wait(State(api): State<Api>, query: Result<Query<WaitQuery>, QueryRejection>) -> Answer<Json<Waited>> {
    Ok(Json(waits::agreement(&api.gossip, &query?.0).await?))
}

async fn remove(
    State(api): State<Api>,
    uri: Uri,
    query: Result<Query<DeleteQuery>, QueryRejection>,
) -> Answer<Json<Accepted>> {
    let (Query(query), key) = (query?, key_in(&uri));
    let accepted = writes::remove(&api.gossip, &key, &query).await?;
    accepted.map(Json).ok_or_else(|| no_entry(&key))
}

async fn set_presence(State(api): State<Api>, body: Body) -> Answer<StatusCode> {
    let PresenceRequest { role, tags } = parsed(&body?)?;
    api.gossip.set_presence(&role, tags).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishQuery {
    #[serde(default)]
    urgency: UrgencyName,
    ttl_ms: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum UrgencyName {
    #[default]
    Normal,
    Critical,
}

async fn publish(
    State(api): State<Api>,
    query: Result<Query<PublishQuery>, QueryRejection>,
    body: Body,
) -> Answer<Json<Accepted>> {
    let PublishQuery { urgency, ttl_ms } = query?.0;
    let urgency = match urgency {
        UrgencyName::Normal => Urgency::Normal,
        UrgencyName::Critical => Urgency::Critical,
    };
    let notice = content(&api, body, |lengths| lengths.payload_max, SHORTEN).await?;
    let ttl = ttl_ms.map(|ms| Ttl::of(Duration::from_millis(ms))).transpose().map_err(Refusal::bad_request)?;
    let dot = match ttl {
        Some(ttl) => api.gossip.publish_for(urgency, notice, ttl.get()).await?,
        None => api.gossip.publish(urgency, notice).await?,
    };
    Ok(Json(Accepted { dot: dot.to_string() }))
}

/// Announces the node to the seed, and answers when the seed has.
async fn join(State(api): State<Api>, body: Body) -> Answer<Json<Joined>> {
    let JoinRequest { seed, wait_ms } = parsed(&body?)?;
    let me = api.gossip.info().await?.me;
    if seed == me.addr || seed == api.gossip.local_addr() {
        return Err(Refusal::bad_request(format!("{seed} is this agent's own address")));
    }
    if !can_send(api.gossip.local_addr(), seed) {
        let reason = format!("a socket bound to {} cannot send to {seed}", api.gossip.local_addr());
        return Err(Refusal::bad_request(reason));
    }
    let mut news = api.log.read(None);
    let known = live_members(&api).await?;
    let started = Instant::now();
    let deadline = started + Duration::from_millis(wait_ms);
    api.gossip.join(seed).await?;
    loop {
        let live = live_members(&api).await?;
        if has_answered(&known, &live, seed) {
            let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            // Ourselves are live as well.
            return Ok(Json(Joined { seed, live: live.len() + 1, ms }));
        }
        if Instant::now() >= deadline {
            return Err(unanswered(seed, wait_ms));
        }
        let next_look = deadline.min(Instant::now() + JOIN_LOOK_INTERVAL);
        if let Ok(None) = timeout_at(next_look, news.next()).await {
            sleep_until(next_look).await;
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeaveQuery {
    timeout_ms: Option<u64>,
}

/// Has the agent leave, and answers when the node has stopped. Whether it is a signal or we who ask, the agent does it.
async fn leave(State(api): State<Api>, query: Result<Query<LeaveQuery>, QueryRejection>) -> Answer<Json<Left>> {
    let timeout = query?.0.timeout_ms.map(Duration::from_millis);
    let is_saved = api.gossip.info().await?.data_file != DataFile::None;
    let mut left = Left { not_handed_over: None, is_saved };
    let mut news = api.log.read(None);
    // Where there is no room, somebody else has asked just now.
    let _ = api.leave.try_send(timeout);
    while let Some(told) = news.next().await {
        match told {
            Told::Event { event, .. } => note_of_leaving(&mut left, &event),
            Told::Missed { .. } => {}
        }
    }
    Ok(Json(left))
}

fn note_of_leaving(left: &mut Left, event: &OwnedEvent) {
    match *event {
        OwnedEvent::NotHandedOver { writes, rumors } => {
            left.not_handed_over = Some(NotHandedOver { writes, notices: rumors });
        }
        OwnedEvent::SaveFailed { .. } => left.is_saved = false,
        _ => {}
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    since: Option<u64>,
}

async fn events(
    State(api): State<Api>,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Answer<Sse<impl Stream<Item = Result<Event, axum::Error>>>> {
    let reader = api.log.read(query?.0.since);
    let stream = stream::unfold(reader, async |mut reader| {
        let told = reader.next().await?;
        Some((server_sent(&told), reader))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_INTERVAL)))
}

async fn unknown_path(uri: Uri) -> Refusal {
    Refusal::not_found(format!("there is nothing at {}", uri.path()))
}

async fn unknown_method(method: Method, uri: Uri) -> Refusal {
    let reason = format!("{} does not take {method}", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, reason)
}

/// An event as its readers get it: numbered and dated, so that they can ask for what came after it.
#[derive(Debug, Serialize)]
struct Numbered<'a> {
    number: u64,
    at_ms: u64,
    #[serde(flatten)]
    event: &'a OwnedEvent,
}

fn server_sent(told: &Told) -> Result<Event, axum::Error> {
    let missed;
    let (number, at, event) = match told {
        Told::Event { number, at, event } => (*number, *at, event.as_ref()),
        Told::Missed { count, next } => {
            missed = OwnedEvent::Missed { count: *count };
            (next.saturating_sub(1), SystemTime::now(), &missed)
        }
    };
    let at_ms = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let at_ms = u64::try_from(at_ms).unwrap_or(u64::MAX);
    Event::default().id(number.to_string()).json_data(Numbered { number, at_ms, event })
}

async fn live_members(api: &Api) -> Answer<Vec<MemberInfo>> {
    let mut members = api.gossip.members().await?;
    members.retain(|member| !member.is_self && is_live(member.liveness));
    Ok(members)
}

/// Whether a member is at the seed's address. A seed may go by another address than the one we were given;
/// so if we knew nobody at all, whoever we know now, we know through the seed.
fn has_answered(known: &[MemberInfo], live: &[MemberInfo], seed: SocketAddr) -> bool {
    let there = live.iter().any(|member| member.addr == seed);
    there || (known.is_empty() && !live.is_empty())
}

fn unanswered(seed: SocketAddr, wait_ms: u64) -> Refusal {
    let reason = format!("{seed} has not answered within {wait_ms} ms; the agent goes on asking there");
    Refusal::new(StatusCode::GATEWAY_TIMEOUT, reason)
}

/// What is to be written or published. A body that was too long to be read has the limit of all others, which the node knows.
async fn content(api: &Api, body: Body, len_max: fn(&Lengths) -> usize, advice: &str) -> Answer<Bytes> {
    match body {
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let len_max = len_max(&api.gossip.info().await?.lengths);
            let reason =
                format!("more than {BODY_LEN_MAX} bytes are too long: at most {len_max} fit a datagram; {advice}");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, reason))
        }
        body => Ok(body?),
    }
}

/// The key is what follows in the path, percent-decoded: any bytes, slashes included, or none.
fn key_in(uri: &Uri) -> Vec<u8> {
    let escaped = uri.path().strip_prefix("/v1/kv/").unwrap_or_default();
    percent_encoding::percent_decode_str(escaped).collect()
}

fn no_entry(key: &[u8]) -> Refusal {
    Refusal::not_found(format!("there is no entry under {:?}", TextOrHex(key).to_string()))
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Answer<T> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request(format!("bad request body: {error}")))
}

fn statuses(list: &str) -> Answer<Vec<Liveness>> {
    let wanted = |name: &str| {
        let known = [Liveness::Alive, Liveness::Suspect, Liveness::Down, Liveness::Left];
        known
            .into_iter()
            .find(|liveness| liveness.to_string() == name)
            .ok_or_else(|| Refusal::bad_request(format!("no status is called {name:?}: alive, suspect, down or left")))
    };
    list.split(',').map(wanted).collect()
}

const fn is_live(liveness: Liveness) -> bool {
    matches!(liveness, Liveness::Alive | Liveness::Suspect)
}
