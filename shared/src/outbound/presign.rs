//! Links to the bucket that carry their own permission, made without asking S3.
//!
//! A function that only hands out links uses this module and no S3 client. Signatures are AWS's
//! own code (`aws-sigv4`); what is signed, and until when, is here.

use super::{Error, Result, Service};
use crate::models::Instant;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::json;
use std::{
    collections::BTreeMap, ops::RangeInclusive, sync::Arc, time::Duration, time::SystemTime,
};
use utoipa::ToSchema;

/// What stays as it is in a path (AWS, "Create a signed request": `UriEncode`).
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// What stays as it is in a query's value.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Who signs links, and where the bucket is. On Lambda all of it is in the environment; the role's
/// credentials end with it, so a link lives no longer than they do.
#[derive(Clone)]
pub struct LinkSettings {
    /// The bucket's name.
    pub bucket: String,
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`; a role's credentials have one.
    pub session_token: Option<String>,
    /// `AWS_ENDPOINT_URL_S3`: an S3 elsewhere, addressed by paths.
    pub endpoint: Option<String>,
}

/// Makes links to one bucket.
#[derive(Clone)]
pub struct BucketLinks(Arc<LinkSettings>);

/// A browser's form that may put one object into the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UploadForm {
    /// Where the form is sent, as `multipart/form-data`.
    pub url: String,
    /// The form's fields, all of them before the field `file`.
    pub fields: BTreeMap<String, String>,
}

impl BucketLinks {
    /// Links made with these settings.
    pub fn new(settings: LinkSettings) -> Self {
        Self(Arc::new(settings))
    }

    /// A form that puts an object of this type and of this many bytes at exactly this key, until
    /// `seconds` after `now`. Its policy covers every field, as S3 demands of all but the
    /// signature (S3, "Creating a POST policy").
    pub fn upload_form(
        &self,
        key: &str,
        content_type: &str,
        bytes: RangeInclusive<u64>,
        seconds: i64,
        now: Instant,
    ) -> UploadForm {
        let at = now.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = now.timestamp().strftime("%Y%m%d");
        let (id, region) = (&self.0.access_key_id, &self.0.region);
        let mut fields = BTreeMap::from([
            ("key".to_owned(), key.to_owned()),
            ("Content-Type".to_owned(), content_type.to_owned()),
            ("x-amz-algorithm".to_owned(), "AWS4-HMAC-SHA256".to_owned()),
            ("x-amz-credential".to_owned(), format!("{id}/{day}/{region}/s3/aws4_request")),
            ("x-amz-date".to_owned(), at),
        ]);
        if let Some(token) = &self.0.session_token {
            fields.insert("x-amz-security-token".to_owned(), token.clone());
        }
        let mut conditions = vec![
            json!({ "bucket": self.0.bucket }),
            json!(["content-length-range", bytes.start(), bytes.end()]),
        ];
        conditions
            .extend(fields.iter().map(|(name, value)| json!(["eq", format!("${name}"), value])));
        let expiration = now.plus_seconds(seconds).timestamp().strftime("%Y-%m-%dT%H:%M:%S.000Z");
        let policy = json!({ "expiration": expiration.to_string(), "conditions": conditions });
        let policy = STANDARD.encode(policy.to_string());
        let key =
            v4::generate_signing_key(&self.0.secret_access_key, system_time(now), region, "s3");
        let signature = v4::calculate_signature(key, policy.as_bytes());
        fields.insert("policy".to_owned(), policy);
        fields.insert("x-amz-signature".to_owned(), signature);
        UploadForm { url: self.base(), fields }
    }

    /// A link that downloads the object at this key as `file_name`, until `seconds` after `now`.
    pub fn download_link(
        &self,
        key: &str,
        seconds: u32,
        now: Instant,
        file_name: &str,
    ) -> Result<String> {
        let disposition = format!(
            "attachment; filename=\"{}\"; filename*=UTF-8''{}",
            ascii_name(file_name),
            utf8_percent_encode(file_name, VALUE),
        );
        let url = format!(
            "{}{}?response-content-disposition={}",
            self.base(),
            utf8_percent_encode(key, PATH),
            utf8_percent_encode(&disposition, VALUE),
        );
        let added = self
            .sign(&url, seconds, now)
            .map_err(|error| Error::unavailable(Service::S3, error))?;
        let signed = added.iter().fold(url, |mut url, (name, value)| {
            url.push('&');
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, VALUE));
            url
        });
        Ok(signed)
    }

    fn sign(&self, url: &str, seconds: u32, now: Instant) -> std::result::Result<Added, Unsigned> {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(seconds.into()));
        // S3 signs the path as it is sent: encoded once, not normalised.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let of = &self.0;
        let (id, secret, token) = (&of.access_key_id, &of.secret_access_key, &of.session_token);
        let identity = Credentials::new(id, secret, token.clone(), None, "environment").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&of.region)
            .name("s3")
            .time(system_time(now))
            .settings(settings)
            .build()?
            .into();
        let request =
            SignableRequest::new("GET", url, std::iter::empty(), SignableBody::UnsignedPayload)?;
        Ok(sign(request, &params)?.into_parts().0.into_parts().1)
    }

    /// The bucket's address, with the slash.
    fn base(&self) -> String {
        let (bucket, region) = (&self.0.bucket, &self.0.region);
        match &self.0.endpoint {
            Some(endpoint) => format!("{}/{bucket}/", endpoint.trim_end_matches('/')),
            None => format!("https://{bucket}.s3.{region}.amazonaws.com/"),
        }
    }
}

/// Shows where links lead and nothing to sign with.
impl std::fmt::Debug for BucketLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BucketLinks({})", self.base())
    }
}

type Added = Vec<(&'static str, std::borrow::Cow<'static, str>)>;
type Unsigned = Box<dyn std::error::Error + Send + Sync>;

pub(super) fn system_time(now: Instant) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.millis()).unwrap_or_default())
}

/// For clients that do not know RFC 6266's `filename*`.
fn ascii_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    name.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The credentials and the bucket of AWS's documentation of Signature Version 4.
    fn links(endpoint: Option<&str>, session_token: Option<&str>) -> BucketLinks {
        BucketLinks::new(LinkSettings {
            bucket: "examplebucket".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: session_token.map(str::to_owned),
            endpoint: endpoint.map(str::to_owned),
        })
    }

    const NOW: Instant = Instant::from_seconds(1_369_353_600); // 2013-05-24T00:00:00Z

    /// AWS, "Authenticating Requests: Using Query Parameters", gives the signature of this link.
    #[test]
    fn a_link_is_signed_as_in_awss_example() {
        let url = "https://examplebucket.s3.amazonaws.com/test.txt";
        let added = links(None, None).sign(url, 86_400, NOW).unwrap();
        let signature = added.iter().find(|(name, _)| *name == "X-Amz-Signature").unwrap();
        assert_eq!(signature.1, "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    }

    #[test]
    fn a_link_downloads_under_a_clean_name() {
        let link = links(Some("http://127.0.0.1:9000/"), Some("token/+="))
            .download_link("import-reports/a b/ü.csv", 300, NOW, "rejected \"ü\"\r\n.csv")
            .unwrap();
        let path = "http://127.0.0.1:9000/examplebucket/import-reports/a%20b/%C3%BC.csv?";
        assert!(link.starts_with(path), "{link}");
        assert!(link.contains("filename%3D%22rejected%20_____.csv%22"), "{link}");
        assert!(!link.contains(['\r', '\n', '"', ' ']), "{link}");
        assert!(link.contains("X-Amz-Security-Token=token%2F%2B%3D"), "{link}");
        assert!(link.contains("X-Amz-Expires=300"));
    }

    #[test]
    fn every_field_of_a_form_is_in_its_policy() {
        let form = links(None, Some("token")).upload_form(
            "imports/x/1.csv",
            "text/csv",
            1..=1000,
            900,
            NOW,
        );
        assert_eq!(form.url, "https://examplebucket.s3.us-east-1.amazonaws.com/");
        let policy = STANDARD.decode(form.fields.get("policy").unwrap()).unwrap();
        let policy: serde_json::Value = serde_json::from_slice(&policy).unwrap();
        assert_eq!(policy["expiration"], "2013-05-24T00:15:00.000Z");
        let conditions = policy["conditions"].as_array().unwrap();
        assert!(conditions.contains(&json!({ "bucket": "examplebucket" })));
        assert!(conditions.contains(&json!(["content-length-range", 1, 1000])));
        for (name, value) in &form.fields {
            let covered = conditions.contains(&json!(["eq", format!("${name}"), value]));
            assert!(covered || matches!(name.as_str(), "policy" | "x-amz-signature"), "{name}");
        }
        assert!(form.fields.contains_key("x-amz-security-token"));
    }
}
