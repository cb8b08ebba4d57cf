//! axum-login: sessions in a store, a query for the account in each request, and a permission.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    path::PathBuf,
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::Path,
    routing::{get, post},
};
use axum_login::{
    AuthManagerLayerBuilder, AuthUser, AuthnBackend, AuthzBackend, permission_required,
    tower_sessions::{MemoryStore, SessionManagerLayer, SessionStore},
};
use http::{Request, header::SET_COOKIE};
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};
use tower::ServiceExt;
use tower_sessions_sqlx_store::SqliteStore;

/// Maximum number of users with a session that requests the page.
const SESSIONS: usize = 1000;

/// Returns the URL of a database for this number of users. Deletes the file of an earlier run.
pub(crate) fn file(users: usize) -> String {
    let path: PathBuf = std::env::temp_dir().join(format!("hallpass-peers-{users}.db"));
    for suffix in ["", "-wal", "-shm"] {
        // An error usually means that the file does not exist.
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    format!("sqlite://{}?mode=rwc", path.display())
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct User {
    id: i64,
    #[expect(dead_code, reason = "a site would also load it")]
    username: String,
    role: String,
    password_hash: Vec<u8>,
}

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.password_hash
    }
}

/// The store of the accounts.
#[derive(Clone)]
enum Users {
    Memory(Arc<HashMap<i64, User>>),
    Sqlite(SqlitePool),
}

impl AuthnBackend for Users {
    type User = User;
    type Credentials = i64;
    type Error = sqlx::Error;

    async fn authenticate(&self, id: i64) -> Result<Option<User>, sqlx::Error> {
        self.get_user(&id).await
    }

    async fn get_user(&self, id: &i64) -> Result<Option<User>, sqlx::Error> {
        match self {
            Self::Memory(users) => Ok(users.get(id).cloned()),
            Self::Sqlite(pool) => {
                sqlx::query_as("SELECT * FROM users WHERE id = ?")
                    .bind(id)
                    .fetch_optional(pool)
                    .await
            }
        }
    }
}

impl AuthzBackend for Users {
    type Permission = String;

    async fn get_user_permissions(&self, user: &User) -> Result<HashSet<String>, sqlx::Error> {
        Ok(HashSet::from([user.role.clone()]))
    }
}

/// Returns a site with this number of users, all in memory.
pub(crate) async fn in_memory(users: usize) -> (Router, Vec<String>) {
    let all = (1..=users as i64).map(|id| {
        let user = User {
            id,
            username: format!("user-{id}"),
            role: "admin".into(),
            password_hash: vec![7; 32],
        };
        (id, user)
    });
    site(Users::Memory(Arc::new(all.collect())), MemoryStore::default(), users).await
}

/// Returns a site with this number of users and of sessions, all in SQLite.
pub(crate) async fn sqlite(url: &str, users: usize) -> (Router, Vec<String>) {
    // Each connection has its own in-memory database.
    let connections = if url.contains(":memory:") { 1 } else { 4 };
    let pool = SqlitePoolOptions::new().max_connections(connections).connect(url).await.unwrap();
    let store = SqliteStore::new(pool.clone());
    store.migrate().await.unwrap();
    let rows = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {users})"
    );
    for statement in [
        "PRAGMA journal_mode = WAL".to_owned(),
        "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, role TEXT, password_hash BLOB)"
            .to_owned(),
        format!("INSERT INTO users {rows} SELECT i, 'user-' || i, 'admin', randomblob(32) FROM n"),
        format!(
            "INSERT INTO tower_sessions {rows} SELECT hex(randomblob(11)), randomblob(150), unixepoch() + 86400 FROM n \
             WHERE {users} > 1"
        ),
    ] {
        sqlx::query(&statement).execute(&pool).await.unwrap();
    }
    site(Users::Sqlite(pool), store, users).await
}

async fn site<S: SessionStore + Clone>(
    users: Users,
    store: S,
    count: usize,
) -> (Router, Vec<String>) {
    let layer = AuthManagerLayerBuilder::new(users, SessionManagerLayer::new(store)).build();
    let router = Router::new()
        .route("/admin", get(|| async { "hello" }))
        .route_layer(permission_required!(Users, "admin".to_owned()))
        .route("/login/{id}", post(log_in))
        .layer(layer);
    let mut cookies = Vec::new();
    for turn in 0..SESSIONS.min(count) {
        let id = 1 + turn * count / SESSIONS.min(count);
        cookies.push(session(router.clone(), id).await);
    }
    (router, cookies)
}

async fn log_in(mut session: axum_login::AuthSession<Users>, Path(id): Path<i64>) {
    let user = session.authenticate(id).await.unwrap().expect("a user of the site");
    session.login(&user).await.unwrap();
}

async fn session(router: Router, id: usize) -> String {
    let answer: Result<_, Infallible> =
        router.oneshot(Request::post(format!("/login/{id}")).body(Body::empty()).unwrap()).await;
    let answer = answer.unwrap();
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
    format!("theme=dark; {}", cookie.split(';').next().unwrap())
}
