//! The checkout page in a real browser, clicked through as a person would: headless Chromium,
//! driven over W3C `WebDriver`. Pictures of it are left in `target/tmp`. And the page that shows the
//! API's description, for the browser is here.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};
use fantoccini::{Client, ClientBuilder, Locator, error::CmdError, key::Key, wd::WindowHandle};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::stack::tool;
use crate::world::{KEY, World, hmac};

/// How long a page may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser; it ends with this value.
struct Browser {
    client: Client,
    _driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(tool("chromedriver"))
            .arg("--port=0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        let port = loop {
            let line = lines.next_line().await.unwrap();
            said.push(line.unwrap_or_else(|| panic!("chromedriver ended: {said:?}")));
            let words = said
                .last()
                .and_then(|line| line.split_once("successfully on port "))
                .map(|(_, port)| port.trim_end_matches('.'));
            if let Some(port) = words.and_then(|port| port.parse::<u16>().ok()) {
                break port;
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let data = format!("--user-data-dir={}", profile.path().display());
        // The browser is to speak with this test alone, and root may not use its sandbox.
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            "--window-size=900,900",
            &data,
        ];
        let options = json!({ "binary": tool("chromium"), "args": args });
        let wanted: Map<String, Value> =
            Map::from_iter([("goog:chromeOptions".to_owned(), options)]);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self { client, _driver: driver, _profile: profile }
    }

    async fn opens(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    async fn sees(&self, css: &str) -> String {
        self.settles(async || self.client.find(Locator::Css(css)).await?.text().await).await
    }

    async fn clicks(&self, id: &str) {
        let button = self.settles(async || self.client.find(Locator::Id(id)).await).await;
        button.click().await.unwrap();
    }

    /// Looks until there is something to see. A page that is on its way elsewhere has no element
    /// yet, one that goes stale in the hand, or cuts the look short: `chromedriver` calls that an
    /// "aborted by navigation", which is no word of W3C's.
    async fn settles<T>(&self, look: impl AsyncFn() -> Result<T, CmdError>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let error = match look().await {
                Ok(seen) => return seen,
                Err(error) => error,
            };
            let under_way = error.is_no_such_element()
                || error.is_stale_element_reference()
                || matches!(&error, CmdError::NotW3C(Value::String(why)) if why == "aborted by navigation");
            assert!(under_way && Instant::now() < end, "{error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The window beside this one, once it is open.
    async fn other_window(&self, own: &WindowHandle) -> WindowHandle {
        let end = Instant::now() + PATIENCE;
        loop {
            let windows = self.client.windows().await.unwrap();
            if let Some(other) = windows.into_iter().find(|window| window != own) {
                return other;
            }
            assert!(Instant::now() < end, "no window opened");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn picture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let picture = self.client.screenshot().await.unwrap();
        std::fs::write(folder.join(format!("checkout-{name}.png")), picture).unwrap();
    }

    async fn ends(self) {
        self.client.close().await.unwrap();
    }
}

/// The fields of a form that came back.
type Form = Vec<(String, String)>;

/// A merchant's site: a page to come back to, and one that opens the checkout and listens.
#[derive(Clone, Default)]
struct Merchant {
    returned: Arc<Mutex<Vec<Form>>>,
    url: String,
}

const SHOP: &str = r#"<!doctype html><title>Shop</title><pre id="told"></pre>
<button id="buy" onclick="window.open(location.hash.slice(1))">Buy</button>
<script>addEventListener("message", e => {
  told.textContent += JSON.stringify(e.data) + "\n";
  told.dataset.last = e.data.event;
})</script>"#;

impl Merchant {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let merchant = Self { url, ..Self::default() };
        let returned = merchant.returned.clone();
        let back = async move |body: axum::body::Bytes| {
            let form = form_urlencoded::parse(&body).into_owned().collect();
            returned.lock().unwrap().push(form);
            Html("<h1 id=thanks>Thank you</h1>")
        };
        let router = Router::new()
            .route("/return", post(back))
            .route("/shop", get(async || Html(SHOP)))
            .route("/link", get(async || Html("<h1 id=thanks>Thank you</h1>")));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        merchant
    }
}

fn checkout(world: &World, order: &str, callback: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("order_id", order).append_pair("name", "Sunrise <Hospital>");
    query.append_pair("description", "A visit to Dr. Nair");
    if !callback.is_empty() {
        query.append_pair("callback_url", callback);
    }
    format!("{}/checkout?{}", world.url, query.finish())
}

async fn order_is(world: &World, order: &str, status: &str) {
    assert_eq!(world.get(&format!("/v1/orders/{order}")).await["status"], status);
}

async fn statuses(world: &World, order: &str) -> Vec<String> {
    let payments = world.get(&format!("/v1/orders/{order}/payments")).await;
    let items = payments["items"].as_array().unwrap();
    items.iter().map(|it| it["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_person_pays_fails_leaves_and_closes() {
    let (world, merchant, browser) =
        (World::new(None).await, Merchant::open().await, Browser::start().await);
    let back = format!("{}/return", merchant.url);

    // A failure, another try, and success, with which the browser goes back to the merchant.
    let order = world.order("b-1").await;
    browser.opens(&checkout(&world, &order, &back)).await;
    assert_eq!(browser.sees("h1").await, "Sunrise <Hospital>");
    assert_eq!(browser.sees("#amount").await, "₹500.00");
    assert_eq!(browser.sees("#pay").await, "Pay ₹500.00");
    browser.picture("open").await;
    browser.clicks("fail").await;
    assert_eq!(browser.sees("[role=alert]").await, "The payment failed");
    browser.picture("failed").await;
    assert!(merchant.returned.lock().unwrap().is_empty());
    browser.clicks("again").await;
    browser.clicks("pay").await;
    assert_eq!(browser.sees("#thanks").await, "Thank you");
    let form = merchant.returned.lock().unwrap().pop().unwrap();
    let value = |name: &str| form.iter().find(|(it, _)| it == name).unwrap().1.clone();
    let payment = value("razorpay_payment_id");
    assert_eq!(value("razorpay_order_id"), order);
    let signature = hmac(KEY.1, format!("{order}|{payment}").as_bytes());
    assert_eq!(value("razorpay_signature"), signature);
    assert_eq!(statuses(&world, &order).await, ["failed", "captured"]);
    // What is paid cannot be paid again.
    browser.opens(&checkout(&world, &order, &back)).await;
    assert_eq!(browser.sees("[role=alert]").await, "This cannot be paid");

    // Only authorised: the three values are shown where there is no page to go back to.
    let order = world.order("b-2").await;
    browser.opens(&checkout(&world, &order, "")).await;
    browser.clicks("authorize").await;
    assert_eq!(browser.sees("[role=status]").await, "The payment went through");
    assert_eq!(browser.sees("#razorpay_order_id").await, order);
    let payment = browser.sees("#razorpay_payment_id").await;
    let signature = hmac(KEY.1, format!("{order}|{payment}").as_bytes());
    assert_eq!(browser.sees("#razorpay_signature").await, signature);
    browser.picture("authorised").await;
    assert_eq!(statuses(&world, &order).await, ["authorized"]);

    // Paid, and the tab closed: nobody comes back; the webhook alone tells.
    let order = world.order("b-3").await;
    let before = world.bodies.lock().unwrap().len();
    browser.opens(&checkout(&world, &order, &back)).await;
    browser.clicks("pay-and-leave").await;
    assert_eq!(browser.sees("[role=status]").await, "The tab is closed");
    world.webhooks(before + 3).await;
    order_is(&world, &order, "paid").await;
    // Left unanswered, and closed without paying.
    let order = world.order("b-4").await;
    browser.opens(&checkout(&world, &order, &back)).await;
    browser.clicks("close").await;
    assert_eq!(browser.sees("[role=status]").await, "The tab is closed");
    assert!(statuses(&world, &order).await.is_empty());
    browser.opens(&checkout(&world, &order, &back)).await;
    browser.clicks("pending").await;
    assert_eq!(browser.sees("[role=status]").await, "The tab is closed");
    assert_eq!(statuses(&world, &order).await, ["created"]);
    assert!(merchant.returned.lock().unwrap().is_empty());
    browser.ends().await;
}

#[tokio::test]
async fn the_page_that_opened_it_is_told() {
    let (world, merchant, browser) =
        (World::new(None).await, Merchant::open().await, Browser::start().await);
    let order = world.order("b-5").await;
    browser.opens(&format!("{}/shop#{}", merchant.url, checkout(&world, &order, ""))).await;
    let shop = browser.client.window().await.unwrap();
    let mut told = String::new();
    for (button, event) in
        [("close", "checkout.dismissed"), ("fail", "payment.failed"), ("pay", "payment.success")]
    {
        browser.clicks("buy").await;
        let opened = browser.other_window(&shop).await;
        browser.client.switch_to_window(opened).await.unwrap();
        browser.clicks(button).await;
        browser.sees("section [role]").await;
        browser.client.close_window().await.unwrap();
        browser.client.switch_to_window(shop.clone()).await.unwrap();
        browser.sees(&format!("#told[data-last='{event}']")).await;
        told = browser.sees("#told").await;
        assert!(told.lines().last().unwrap().contains(event), "{event}: {told}");
    }
    let success: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let values = &success["payload"];
    let payment = values["razorpay_payment_id"].as_str().unwrap();
    let signature = hmac(KEY.1, format!("{order}|{payment}").as_bytes());
    assert_eq!(values["razorpay_signature"], signature);
    browser.ends().await;
}

#[tokio::test]
async fn a_payment_link_is_opened_and_paid() {
    let (world, merchant, browser) =
        (World::new(None).await, Merchant::open().await, Browser::start().await);
    let body = json!({
        "amount": 123_400, "currency": "INR", "description": "At the desk", "reference_id": "b-6",
        "callback_url": format!("{}/link?from=desk", merchant.url), "callback_method": "get",
    });
    let (_, link) = world.post("/v1/payment_links", body).await;
    browser.opens(link["short_url"].as_str().unwrap()).await;
    assert_eq!(browser.sees("#amount").await, "₹1234.00");
    // By keyboard alone: the first thing one comes to is the button that pays.
    let body = browser.client.find(Locator::Css("body")).await.unwrap();
    body.send_keys(&Key::Tab.to_string()).await.unwrap();
    let focused = browser.client.active_element().await.unwrap();
    assert_eq!(focused.attr("id").await.unwrap().as_deref(), Some("pay"));
    focused.send_keys(&Key::Enter.to_string()).await.unwrap();
    browser.sees("#thanks").await;
    let url = browser.client.current_url().await.unwrap();
    let value = |name: &str| {
        url.query_pairs().find(|(it, _)| it == name).map(|(_, value)| value.into_owned()).unwrap()
    };
    let (id, payment) = (link["id"].as_str().unwrap(), value("razorpay_payment_id"));
    let message = format!("{id}|b-6|paid|{payment}");
    assert_eq!(value("razorpay_signature"), hmac(KEY.1, message.as_bytes()));
    assert_eq!(value("from"), "desk");
    assert_eq!(world.get(&format!("/v1/payment_links/{id}")).await["status"], "paid");
    browser.ends().await;
}

#[tokio::test]
async fn it_fits_a_telephone_and_loads_nothing_from_elsewhere() {
    let (world, browser) = (World::new(None).await, Browser::start().await);
    let order = world.order("b-7").await;
    browser.client.set_window_size(360, 740).await.unwrap();
    browser.opens(&checkout(&world, &order, "")).await;
    browser.sees("#pay").await;
    let script = "const page = document.documentElement; return {
        wide: page.scrollWidth > page.clientWidth,
        loaded: performance.getEntriesByType('resource').map(it => it.name)
            .filter(name => !name.endsWith('/favicon.ico')),
        unnamed: [...document.querySelectorAll('button, a, input:not([type=hidden])')]
            .filter(it => !it.textContent.trim()).length,
        low: [...document.querySelectorAll('button')].filter(it => it.offsetHeight < 44).length,
    }";
    let found = browser.client.execute(script, Vec::new()).await.unwrap();
    assert_eq!(found, json!({ "wide": false, "loaded": [], "unnamed": 0, "low": 0 }));
    browser.picture("telephone").await;
    // Nothing anybody types becomes a script, and no browser is sent to one.
    let evil = checkout(&world, &order, "javascript:alert(1)");
    browser.opens(&evil).await;
    assert_eq!(browser.sees("[role=alert]").await, "This cannot be paid");
    browser.ends().await;
}

/// The page that shows the API's description, beside it; and beside one that would be a script.
async fn docs() -> String {
    const PAGE: &str = include_str!("../../../functions/hospitals/src/docs.html");
    const API: &str = include_str!("../../../openapi.json");
    let json = [("content-type", "application/json")];
    let evil = "<img src=x onerror='document.title = 1'>";
    let evil = json!({
        "info": { "description": evil },
        "tags": [{ "name": "evil", "description": evil }],
        "paths": { "/": { "get": { "tags": ["evil"], "operationId": "evil", "summary": evil } } },
    });
    let router = Router::new()
        .route("/docs", get(async || Html(PAGE)))
        .route("/openapi.json", get(async move || (json, API)))
        .route("/evil/docs", get(async || Html(PAGE)))
        .route("/evil/openapi.json", get(async move || (json, evil.to_string())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

#[tokio::test]
async fn the_description_of_the_api_is_read_and_searched() {
    let (url, browser) = (docs().await, Browser::start().await);
    browser.opens(&format!("{url}/docs")).await;
    let open = async |id: &str| {
        let head = format!("#{id} summary");
        let head = browser.settles(async || browser.client.find(Locator::Css(&head)).await).await;
        head.click().await.unwrap();
        browser.sees(&format!("#{id} .token")).await
    };
    assert_eq!(open("postLogin").await, "Needs no access token.");
    assert_eq!(open("postSlotsBook").await, "Needs an access token.");
    let said = browser.sees("#postSlotsBook").await;
    for word in ["For: patient.", "SLOT_TAKEN", "Idempotency-Key", "slotId", "Retry-After"] {
        assert!(said.contains(word), "{word}: {said}");
    }

    // Everything there is to see, however deep.
    let all = "const shut = [...document.querySelectorAll('main details:not([open])')];
        for (const box of shut) box.open = true;
        return shut.length;";
    let end = Instant::now() + PATIENCE;
    while browser.client.execute(all, Vec::new()).await.unwrap() != json!(0) {
        assert!(Instant::now() < end, "there is no end of it");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found = "const text = document.body.innerText;
        const page = document.documentElement;
        return {
            lost: ['undefined', '[object', 'NaN'].filter(word => text.includes(word)),
            nested: text.includes('nextAvailable') && text.includes('speciality'),
            refused: text.includes('urn:mediconnect:problem:slot-taken'),
            loaded: performance.getEntriesByType('resource').map(it => it.name)
                .filter(name => !name.endsWith('/favicon.ico')),
            wide: page.scrollWidth > page.clientWidth,
        };";
    browser.client.set_window_size(500, 740).await.unwrap();
    let found = browser.client.execute(found, Vec::new()).await.unwrap();
    let loaded = [format!("{url}/openapi.json")];
    let expected = json!({
        "lost": [], "nested": true, "refused": true, "loaded": loaded, "wide": false,
    });
    assert_eq!(found, expected);

    let field = browser.client.find(Locator::Id("find")).await.unwrap();
    field.send_keys("slot_overlap").await.unwrap();
    let left = "return [...document.querySelectorAll('section > details')]
        .filter(it => it.offsetParent).map(it => it.id)";
    let left = browser.client.execute(left, Vec::new()).await.unwrap();
    assert_eq!(left, json!(["postSlotsSet"]));

    // Nothing the document says is more than text.
    browser.opens(&format!("{url}/evil/docs")).await;
    assert!(browser.sees("#evil").await.contains("<img"));
    let images = "return [document.images.length, document.title]";
    let images = browser.client.execute(images, Vec::new()).await.unwrap();
    assert_eq!(images, json!([0, "MediConnect API"]));
    browser.ends().await;
}
