//! The API of the charging stations: a dropshot trait with three operations and a callback, and an implementation in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use dropshot::{
    ClientErrorStatusCode, HttpError, HttpResponseCreated, HttpResponseDeleted, HttpResponseOk, Path, Query, RequestContext, TypedBody,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[dropshot::api_description]
pub(crate) trait StationApi {
    type Context;

    /// Start charging
    #[endpoint { method = POST, path = "/stations/{station}/sessions", operation_id = "startSession" }]
    async fn start_session(
        rqctx: RequestContext<Self::Context>,
        path: Path<StationPath>,
        body: TypedBody<SessionStart>,
    ) -> Result<HttpResponseCreated<Session>, HttpError>;

    /// List sessions
    #[endpoint { method = GET, path = "/sessions", operation_id = "listSessions" }]
    async fn list_sessions(
        rqctx: RequestContext<Self::Context>,
        query: Query<SessionFilter>,
    ) -> Result<HttpResponseOk<Sessions>, HttpError>;

    /// Stop charging
    #[endpoint { method = DELETE, path = "/sessions/{id}", operation_id = "stopSession" }]
    async fn stop_session(rqctx: RequestContext<Self::Context>, path: Path<SessionPath>) -> Result<HttpResponseDeleted, HttpError>;
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct StationPath {
    station: u16,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct SessionPath {
    id: Uuid,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct SessionFilter {
    state: Option<State>,
    #[schemars(range(min = 1, max = 50))]
    limit: Option<u16>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SessionStart {
    #[schemars(length(min = 1, max = 10))]
    plate: String,
    /// In kWh.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u16>,
    report_to: String,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Charging,
    Finished,
}

#[derive(Clone, Serialize, JsonSchema)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    station: u16,
    state: State,
    /// In kWh.
    limit: u16,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Sessions {
    items: Vec<Session>,
}

/// The body of the callback that is sent at the end of a session.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Report {
    session: Uuid,
    state: State,
}

/// The headers of the callback.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct ReportHeaders {
    #[serde(rename = "report-id")]
    report_id: Uuid,
}

/// The documented response statuses of the callback.
pub(crate) const REPORT_STATUSES: [&str; 2] = ["204", "410"];

pub(crate) const TOKEN: &str = "token";

#[derive(Default)]
pub(crate) struct Stations {
    sessions: Mutex<BTreeMap<Uuid, (Session, String)>>,
    client: reqwest::Client,
    /// If true, every operation fails.
    pub(crate) broken: AtomicBool,
}

pub(crate) enum InMemory {}

fn authenticate(rqctx: &RequestContext<Arc<Stations>>) -> Result<(), HttpError> {
    let value = rqctx.request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if rqctx.context().broken.load(Ordering::Relaxed) {
        return Err(HttpError::for_internal_error("broken".to_owned()));
    }
    if value == Some(&format!("Bearer {TOKEN}")) {
        return Ok(());
    }
    let code = Some("Unauthenticated".to_owned());
    let error = HttpError::for_client_error(code, ClientErrorStatusCode::UNAUTHORIZED, "a token is needed".to_owned());
    Err(error.with_header("WWW-Authenticate", "Bearer").expect("a header"))
}

fn refuse(message: &str) -> HttpError {
    HttpError::for_bad_request(Some("Invalid".to_owned()), message.to_owned())
}

impl StationApi for InMemory {
    type Context = Arc<Stations>;

    async fn start_session(
        rqctx: RequestContext<Arc<Stations>>,
        path: Path<StationPath>,
        body: TypedBody<SessionStart>,
    ) -> Result<HttpResponseCreated<Session>, HttpError> {
        authenticate(&rqctx)?;
        let (station, start) = (path.into_inner().station, body.into_inner());
        if !(1..=10).contains(&start.plate.chars().count()) || start.limit.is_some_and(|limit| !(1..=100).contains(&limit)) {
            return Err(refuse("a plate has 1 to 10 characters, and a limit is 1 to 100"));
        }
        if station == 0 {
            let code = Some("NoSuchStation".to_owned());
            return Err(HttpError::for_client_error(code, ClientErrorStatusCode::NOT_FOUND, "there is no such station".to_owned()));
        }
        let mut sessions = rqctx.context().sessions.lock().expect("no holder panics");
        if sessions.values().any(|(session, _)| session.station == station && session.state == State::Charging) {
            let code = Some("StationBusy".to_owned());
            return Err(HttpError::for_client_error(code, ClientErrorStatusCode::CONFLICT, "the station is in use".to_owned()));
        }
        let session = Session { id: Uuid::new_v4(), station, state: State::Charging, limit: start.limit.unwrap_or(100) };
        sessions.insert(session.id, (session.clone(), start.report_to));
        Ok(HttpResponseCreated(session))
    }

    async fn list_sessions(
        rqctx: RequestContext<Arc<Stations>>,
        query: Query<SessionFilter>,
    ) -> Result<HttpResponseOk<Sessions>, HttpError> {
        authenticate(&rqctx)?;
        let SessionFilter { state, limit } = query.into_inner();
        let limit = limit.unwrap_or(20);
        if !(1..=50).contains(&limit) {
            return Err(refuse("a limit is 1 to 50"));
        }
        let sessions = rqctx.context().sessions.lock().expect("no holder panics");
        let found = sessions.values().map(|(session, _)| session).filter(|session| state.is_none_or(|state| session.state == state));
        Ok(HttpResponseOk(Sessions { items: found.take(limit.into()).cloned().collect() }))
    }

    async fn stop_session(rqctx: RequestContext<Arc<Stations>>, path: Path<SessionPath>) -> Result<HttpResponseDeleted, HttpError> {
        authenticate(&rqctx)?;
        let id = path.into_inner().id;
        if id.is_nil() {
            return Err(refuse("the session id is invalid"));
        }
        let report_to = {
            let mut sessions = rqctx.context().sessions.lock().expect("no holder panics");
            sessions.get_mut(&id).map(|(session, report_to)| {
                session.state = State::Finished;
                report_to.clone()
            })
        };
        let Some(report_to) = report_to else {
            let code = Some("NoSuchSession".to_owned());
            return Err(HttpError::for_client_error(code, ClientErrorStatusCode::NOT_FOUND, "there is no such session".to_owned()));
        };
        for state in [State::Charging, State::Finished] {
            let report = serde_json::to_string(&Report { session: id, state }).expect("JSON");
            let request = rqctx.context().client.post(&report_to).header("content-type", "application/json");
            let sent = request.header("report-id", Uuid::new_v4().to_string()).body(report).send().await;
            sent.map_err(|error| HttpError::for_internal_error(error.to_string()))?;
        }
        Ok(HttpResponseDeleted())
    }
}
