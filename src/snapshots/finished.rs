//! UploadSnapShotFinished: what a device says it has sent (GB/T 28181-2022, A.2.5.7). Pure.

use serde::Deserialize;

use super::SnapshotFileId;

/// Pictures that may be reported: ten of each of as many cameras as a session has.
const FILES_MAX: usize = 640;

/// What was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Where it was said; JSON need not, because the URL says it.
    pub session_id: Option<String>,
    pub file_ids: Vec<SnapshotFileId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FinishedBody {
    session_id: Option<String>,
    file_ids: Vec<String>,
}

/// JSON `{"file_ids": […]}`, or the notification itself as it came by SIP. What is wrong is said with the
/// field.
pub fn read_finished(bytes: &[u8]) -> Result<Finished, (&'static str, String)> {
    let text = bytes.trim_ascii_start();
    // the elements that are looked for are ASCII in every encoding the standard allows
    let (session_id, names) = if text.starts_with(b"<") {
        let text = String::from_utf8_lossy(text);
        if elements(&text, "CmdType").next() != Some("UploadSnapShotFinished") {
            let detail = "UploadSnapShotFinished is expected".to_owned();
            return Err(("CmdType", detail));
        }
        let names = elements(&text, "SnapShotFileID").map(str::to_owned);
        let names: Vec<String> = names.take(FILES_MAX + 1).collect();
        (
            elements(&text, "SessionID").next().map(str::to_owned),
            names,
        )
    } else {
        let body: FinishedBody =
            serde_json::from_slice(bytes).map_err(|error| ("body", error.to_string()))?;
        (body.session_id, body.file_ids)
    };
    if names.len() > FILES_MAX {
        return Err(("file_ids", format!("more than {FILES_MAX}")));
    }
    let ids = names.iter().map(|name| {
        let wrong = || ("file_ids", "no name of a picture".to_owned());
        SnapshotFileId::read(name).ok_or_else(wrong)
    });
    Ok(Finished {
        session_id,
        file_ids: ids.collect::<Result<_, _>>()?,
    })
}

/// The texts of all elements of this name, which hold no others.
fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (text, after) = after.split_once(&close)?;
        rest = after;
        Some(text.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "34020000001310000001022025081609220800000";

    #[test]
    fn a_report_comes_as_json_or_as_it_was_sent() {
        let json = format!(r#"{{"file_ids": ["{NAME}.jpg", "other_1.jpg"]}}"#);
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"GB2312\"?>\n<Notify><CmdType>UploadSnapShotFinished</CmdType>\
             <SN>1</SN><SessionID> s </SessionID><SnapShotList><SnapShotFileID>{NAME}</SnapShotFileID>\
             <SnapShotFileID> other_1 </SnapShotFileID></SnapShotList></Notify>"
        );
        let [from_json, from_xml] =
            [&json, &xml].map(|body| read_finished(body.as_bytes()).unwrap());
        assert_eq!(from_json.file_ids, from_xml.file_ids);
        assert_eq!(from_json.file_ids[0].as_str(), NAME);
        assert_eq!(
            (from_json.session_id, from_xml.session_id),
            (None, Some("s".to_owned()))
        );
        let none = "<Notify><CmdType>UploadSnapShotFinished</CmdType><SnapShotList/></Notify>";
        assert_eq!(read_finished(none.as_bytes()).unwrap().file_ids, []);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let field = |body: &[u8]| read_finished(body).unwrap_err().0;
        assert_eq!(
            field(b"<Notify><CmdType>Keepalive</CmdType></Notify>"),
            "CmdType"
        );
        assert_eq!(field(b"<"), "CmdType");
        assert_eq!(field(b"{}"), "body");
        assert_eq!(field(b""), "body");
        assert_eq!(field(br#"{"file_ids": [""]}"#), "file_ids");
        let many = format!(r#"{{"file_ids": [{}"a"]}}"#, "\"a\",".repeat(FILES_MAX));
        assert_eq!(field(many.as_bytes()), "file_ids");
    }
}
