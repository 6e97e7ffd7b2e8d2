use super::*;
use crate::access::Secret;

/// WS-Security UsernameToken as the ONVIF Application Programmer's Guide shows it, section 6.1.1.3.
#[test]
fn the_digest_is_that_of_the_guide() {
    let login = Login {
        user: "user&co".to_owned(),
        password: Secret::from_request("userpassword"),
    };
    let nonce = BASE64.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap();
    let created = "2010-09-16T07:50:45Z".parse().unwrap();
    let token = username_token(&login, &nonce, created);
    assert!(
        token.contains("<Username>user&amp;co</Username>"),
        "{token}"
    );
    // of the same text with thousandths of a second, as it is sent
    let mut digest = Sha1::new();
    digest.update(&nonce);
    digest.update(b"2010-09-16T07:50:45.000Zuserpassword");
    assert!(token.contains(&BASE64.encode(digest.finalize())), "{token}");
    let mut of_the_guide = Sha1::new();
    of_the_guide.update(&nonce);
    of_the_guide.update(b"2010-09-16T07:50:45Zuserpassword");
    let of_the_guide = BASE64.encode(of_the_guide.finalize());
    assert_eq!(of_the_guide, "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
}

const PROFILES: &str = r#"<?xml version="1.0"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:trt="m" xmlns:tt="t"><s:Body>
<trt:GetProfilesResponse>
 <trt:Profiles token="main&amp;1" fixed="true"><tt:Name>Main &amp; first</tt:Name>
  <tt:VideoEncoderConfiguration token="v"><tt:Name>encoder</tt:Name></tt:VideoEncoderConfiguration>
 </trt:Profiles>
 <trt:Profiles token="sub"/>
</trt:GetProfilesResponse></s:Body></s:Envelope>"#;

#[test]
fn profiles_have_a_token_and_their_own_name() {
    let answer = elements(PROFILES).unwrap();
    let expected = [("main&1", "Main & first"), ("sub", "sub")];
    let found = profiles_in(&answer);
    let found: Vec<_> = found
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_media_service_is_looked_for_where_the_device_was_asked() {
    let answer = elements(
        "<C><Device><XAddr>http://10.9.9.9/onvif/device</XAddr></Device>\
         <Media><XAddr>http://10.9.9.9/onvif/media?x=1</XAddr><S><X>1</X></S></Media></C>",
    )
    .unwrap();
    let device: Uri = "http://cam.example:8080/onvif/device_service"
        .parse()
        .unwrap();
    let media = media_service(&answer, &device).to_string();
    assert_eq!(media, "http://cam.example:8080/onvif/media?x=1");
    let silent = media_service(&elements("<C/>").unwrap(), &device);
    assert_eq!(silent, device);
}

#[test]
fn a_device_says_what_time_it_has() {
    let time = |h: u32| {
        format!(
            "<Time><Hour>{h}</Hour><Minute>5</Minute><Second>6</Second></Time><Date><Year>2026</Year><Month>11</Month><Day>29</Day></Date>"
        )
    };
    let (utc, local) = (time(4), time(12));
    for xml in [
        format!("<A><UTCDateTime>{utc}</UTCDateTime><LocalDateTime>{local}</LocalDateTime></A>"),
        format!("<A><LocalDateTime>{local}</LocalDateTime><UTCDateTime>{utc}</UTCDateTime></A>"),
    ] {
        let told = time_in(&elements(&xml).unwrap());
        assert_eq!(told, Some("2026-11-29T04:05:06Z".parse().unwrap()), "{xml}");
    }
}

#[test]
fn what_is_no_answer_is_none() {
    for no_xml in ["", "hello", "<a>", "<a></b>", "<a>&bomb;</a>"] {
        assert_eq!(elements(no_xml), None, "{no_xml}");
    }
    let deep = "<a>".repeat(100) + &"</a>".repeat(100);
    assert_eq!(elements(&deep), None);
    assert_eq!(elements(&format!("<a>{}</a>", "<b/>".repeat(30_000))), None);
    assert_eq!(
        uri_in(&elements("<a><Uri> http://x/?a&amp;b </Uri></a>").unwrap()).unwrap(),
        "http://x/?a&b"
    );
}
