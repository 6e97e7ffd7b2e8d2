//! The command that a video platform sends to a camera, as MANSCDP XML.

use serde::Serialize;
use utoipa::ToSchema;

/// What a camera is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The camera's 20 digits.
    pub(super) camera: &'a str,
    /// Number of the command.
    pub(super) number: usize,
    pub(super) snap_num: i32,
    pub(super) interval_s: i32,
    pub(super) upload_url: &'a str,
    pub(super) session_id: &'a str,
}

/// The body of a MESSAGE in both envelopes that makers read from the standard: send the one that the
/// camera understands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SnapshotCommand {
    camera_id: String,
    /// `DeviceConfig` with `SnapShotConfig`.
    device_config: String,
    /// `DeviceControl` with `SnapShot`.
    device_control: String,
}

impl SnapshotCommand {
    pub(super) fn of(asked: &Asked<'_>) -> Self {
        Self {
            camera_id: asked.camera.to_owned(),
            device_config: envelope(asked, "DeviceConfig", "SnapShotConfig"),
            device_control: envelope(asked, "DeviceControl", "SnapShot"),
        }
    }
}

/// ASCII alone, so that it is the same in every encoding; the standard's is GB 18030.
fn envelope(asked: &Asked<'_>, command: &str, element: &str) -> String {
    let Asked {
        camera,
        number,
        snap_num,
        interval_s,
        upload_url,
        session_id,
    } = asked;
    let upload_url = escaped(upload_url);
    format!(
        "<?xml version=\"1.0\" encoding=\"GB18030\"?>\r\n\
         <Control>\r\n\
         <CmdType>{command}</CmdType>\r\n\
         <SN>{number}</SN>\r\n\
         <DeviceID>{camera}</DeviceID>\r\n\
         <{element}>\r\n\
         <SnapNum>{snap_num}</SnapNum>\r\n\
         <Interval>{interval_s}</Interval>\r\n\
         <UploadURL>{upload_url}</UploadURL>\r\n\
         <SessionID>{session_id}</SessionID>\r\n\
         </{element}>\r\n\
         </Control>\r\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_comes_in_both_envelopes() {
        let command = SnapshotCommand::of(&Asked {
            camera: "32120200001320000001",
            number: 7,
            snap_num: 3,
            interval_s: 2,
            upload_url: "https://city.example/api/v1/snapshots/0?a=1&b=2",
            session_id: "0123456789abcdef0123456789abcdef",
        });
        let config = command.device_config.replace("\r\n", "");
        assert_eq!(
            config,
            "<?xml version=\"1.0\" encoding=\"GB18030\"?><Control><CmdType>DeviceConfig</CmdType>\
             <SN>7</SN><DeviceID>32120200001320000001</DeviceID><SnapShotConfig><SnapNum>3</SnapNum>\
             <Interval>2</Interval>\
             <UploadURL>https://city.example/api/v1/snapshots/0?a=1&amp;b=2</UploadURL>\
             <SessionID>0123456789abcdef0123456789abcdef</SessionID></SnapShotConfig></Control>"
        );
        let control = command.device_control.replace("\r\n", "");
        let same = config
            .replace("DeviceConfig", "DeviceControl")
            .replace("SnapShotConfig", "SnapShot");
        assert_eq!(control, same);
    }
}
