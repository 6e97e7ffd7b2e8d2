//! Signing in through a real OpenID Connect provider that runs on this machine.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::city::TestCity;
use crate::people::colleague;
use crate::service::{TestService, problem};

/// Where the service says it is; the test carries the browser from there to the real address.
const PUBLIC: &str = "http://city.test";

struct Provider {
    process: Child,
    issuer: String,
}

impl Provider {
    /// `None`, with a word about it, where the provider is not installed.
    fn start() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        if !root.join("web/node_modules/oidc-provider").is_dir() {
            println!(
                "not checked: web/node_modules has no oidc-provider; `make setup-tests` first"
            );
            return None;
        }
        let started = Command::new("node")
            .arg(root.join("tests/oidc/provider.mjs"))
            .arg(format!("{PUBLIC}/api/v1/session/oidc/callback"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut process) = started else {
            println!("not checked: there is no node to run the provider");
            return None;
        };
        let mut issuer = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut issuer).unwrap();
        Some(Self {
            process,
            issuer: issuer.trim().to_owned(),
        })
    }

    async fn service(&self, city: &TestCity) -> TestService {
        let issuer = self.issuer.clone();
        TestService::start_with(city, |config| {
            config.oidc.public_url = Some(PUBLIC.to_owned());
            config.oidc.oidc_issuer = Some(issuer);
            config.oidc.oidc_client_id = Some("cityward".to_owned());
            config.oidc.oidc_client_secret = Some("secret-of-cityward".to_owned().into());
            "City Hall".clone_into(&mut config.oidc.oidc_name);
        })
        .await
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // it ends by itself when its standard input does
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

/// A browser that is walked by hand, with one jar for everything.
struct Browser<'a> {
    http: Client,
    service: &'a TestService,
    cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    fn new(service: &'a TestService) -> Self {
        Self {
            http: Client::builder().redirect(Policy::none()).build().unwrap(),
            service,
            cookies: BTreeMap::new(),
        }
    }

    async fn go(&mut self, method: Method, url: &str, form: Option<&str>) -> Response {
        let jar = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let mut request = self
            .http
            .request(method, url)
            .header(COOKIE, jar.collect::<Vec<_>>().join("; "));
        if let Some(form) = form {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_owned());
        }
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// From the sign-in page through the provider, as `login`, up to the way back to the service.
    async fn visit_provider(&mut self, login: &str) -> String {
        let mut url = self.service.url("/api/v1/session/oidc/start");
        let mut form: Option<String> = None;
        for _ in 0..20 {
            let method = if form.is_some() {
                Method::POST
            } else {
                Method::GET
            };
            let answer = self.go(method, &url, form.take().as_deref()).await;
            if let Some(next) = answer.headers().get(LOCATION) {
                let next = next.to_str().unwrap();
                if let Some(path) = next.strip_prefix(PUBLIC) {
                    return path.to_owned();
                }
                let base = reqwest::Url::parse(&url).unwrap();
                url = base.join(next).unwrap().to_string();
                continue;
            }
            assert_eq!(answer.status(), StatusCode::OK, "{url}");
            let page = answer.text().await.unwrap();
            form = Some(if page.contains("name=\"login\"") {
                format!("prompt=login&login={login}&password=any")
            } else {
                "prompt=consent".to_owned()
            });
        }
        panic!("the provider leads nowhere: {url}");
    }

    /// Comes back to the service; returns where it sends the browser.
    async fn come_back(&mut self, path: &str) -> String {
        let url = self.service.url(path);
        let answer = self.go(Method::GET, &url, None).await;
        assert_eq!(answer.status(), StatusCode::FOUND);
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    async fn sign_in(&mut self, login: &str) -> String {
        let back = self.visit_provider(login).await;
        self.come_back(&back).await
    }

    async fn session(&mut self) -> Value {
        let url = self.service.url("/api/v1/session");
        let answer = self.go(Method::GET, &url, None).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }
}

async fn run(city: &TestCity, sql: &'static str) {
    sqlx::query(sql).execute(&city.db).await.unwrap();
}

#[tokio::test]
async fn somebody_who_is_known_here_signs_in_at_the_provider_and_is_linked() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let city = TestCity::new().await;
    let service = provider.service(&city).await;
    let about = service.client().json("/api/v1/session/oidc").await;
    assert_eq!(about, json!({ "enabled": true, "name": "City Hall" }));
    let clerk = colleague(&city, &service, "operator", None, None).await;
    run(
        &city,
        "update person set login = 'li.na', oidc_login = 'li' where login like 'operator%'",
    )
    .await;

    // from the first time on the subject counts
    assert_eq!(Browser::new(&service).sign_in("li").await, "/");
    let mut browser = Browser::new(&service);
    assert_eq!(browser.sign_in("li").await, "/");
    let session = browser.session().await;
    assert_eq!(session["person"]["login"], "li.na");
    assert_eq!(session["person"]["id"], clerk.id);
    let linked: Vec<Value> = sqlx::query_scalar(
        "select after from audit_entry where action = 'link_oidc' order by entry_id",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    assert_eq!(
        linked,
        [json!({ "issuer": provider.issuer, "subject": "li" })]
    );
}

#[tokio::test]
async fn nobody_is_created_by_a_provider_and_the_disabled_stay_out() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let city = TestCity::new().await;
    let service = provider.service(&city).await;
    let mut stranger = Browser::new(&service);
    assert_eq!(
        stranger.sign_in("stranger").await,
        "/?sign_in=unknown-person"
    );
    colleague(&city, &service, "operator", None, None).await;
    run(
        &city,
        "update person set oidc_login = 'li', disabled_at = now()",
    )
    .await;
    assert_eq!(
        Browser::new(&service).sign_in("li").await,
        "/?sign_in=unknown-person"
    );
    let people: i64 = sqlx::query_scalar("select count(*) from person")
        .fetch_one(&city.db)
        .await
        .unwrap();
    assert_eq!(people, 1);
}

/// Whoever chooses a name at the provider becomes nobody here by it.
#[tokio::test]
async fn nobody_is_linked_by_a_login_alone() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let city = TestCity::new().await;
    let service = provider.service(&city).await;
    let admin = service.sign_in(&city).await;
    let mut browser = Browser::new(&service);
    assert_eq!(browser.sign_in("admin").await, "/?sign_in=unknown-person");
    let own = admin.json("/api/v1/session").await["person"]["id"].clone();
    let expect = async |login: &str| {
        let change = json!({ "oidc_login": login });
        let path = format!("/api/v1/people/{own}");
        let request = admin.request(Method::PATCH, &path).json(&change);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json::<Value>().await.unwrap()
    };
    assert_eq!(expect("admin").await["oidc_linked"], false);
    assert_eq!(Browser::new(&service).sign_in("admin").await, "/");
    let people = admin.json("/api/v1/people").await;
    assert_eq!(people["people"][0]["oidc_linked"], true);
    // taken back: the link goes with it
    let after = expect("").await;
    assert_eq!(
        (&after["oidc_login"], &after["oidc_linked"]),
        (&Value::Null, &json!(false))
    );
    let mut again = Browser::new(&service);
    assert_eq!(again.sign_in("admin").await, "/?sign_in=unknown-person");
    let clerk = colleague(&city, &service, "operator", None, None).await;
    expect("chief").await;
    let change = json!({ "oidc_login": "chief" });
    let path = format!("/api/v1/people/{}", clerk.id);
    let request = admin.request(Method::PATCH, &path).json(&change);
    let taken = request.send().await.unwrap();
    problem(taken, StatusCode::CONFLICT, "oidc-login-taken").await;
}

#[tokio::test]
async fn a_way_back_counts_once_and_only_in_the_browser_that_left() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let city = TestCity::new().await;
    let service = provider.service(&city).await;
    colleague(&city, &service, "operator", None, None).await;
    run(&city, "update person set oidc_login = 'li'").await;
    let mut browser = Browser::new(&service);
    let back = browser.visit_provider("li").await;
    let other = Browser::new(&service).come_back(&back).await;
    assert_eq!(other, "/?sign_in=expired", "another browser");
    let cookies = browser.cookies.clone();
    assert_eq!(browser.come_back(&back).await, "/");
    browser.cookies = cookies;
    assert_eq!(
        browser.come_back(&back).await,
        "/?sign_in=expired",
        "a second time"
    );
    let refused = browser
        .come_back("/api/v1/session/oidc/callback?error=access_denied")
        .await;
    assert_eq!(refused, "/?sign_in=expired", "an answer to no departure");
}

#[tokio::test]
async fn without_settings_there_is_no_provider_and_a_dead_one_is_said() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let client = service.client();
    assert_eq!(client.json("/api/v1/session/oidc").await["enabled"], false);
    let start = client
        .get("/api/v1/session/oidc/start")
        .send()
        .await
        .unwrap();
    problem(start, StatusCode::NOT_FOUND, "not-found").await;
    service.stop().await;
    let dead = TestService::start_with(&city, |config| {
        config.oidc.public_url = Some(PUBLIC.to_owned());
        config.oidc.oidc_issuer = Some("http://127.0.0.1:9".to_owned());
        config.oidc.oidc_client_id = Some("cityward".to_owned());
    })
    .await;
    let mut browser = Browser::new(&dead);
    let path = "/api/v1/session/oidc/start";
    assert_eq!(browser.come_back(path).await, "/?sign_in=unavailable");
}
