//! What another library answers.

use super::json;
use super::value::{Names, field, number, text};

/// Whether all is well; otherwise what is not. A library that answers nothing, or something else than a
/// status, has said nothing against it.
pub fn answered(bytes: &[u8]) -> Result<(), String> {
    let Ok(body) = json(bytes) else {
        return Ok(());
    };
    let list = Names::of("ResponseStatus");
    let all = list.of_body(&body).unwrap_or_default();
    let wrong = all.iter().find_map(|one| {
        let code = field(one, &["StatusCode"]).and_then(number)?;
        (code != 0.0).then_some((one, code))
    });
    let Some((one, code)) = wrong else {
        return Ok(());
    };
    let said = field(one, &["StatusString"])
        .and_then(text)
        .unwrap_or_default();
    let said: String = said.chars().filter(|c| !c.is_control()).take(200).collect();
    Err(format!("StatusCode {code} {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_found_alone_and_in_a_list() {
        for well in [
            "",
            "ok",
            "{}",
            r#"{"ResponseStatusObject":{"StatusCode":0}}"#,
            r#"{"ResponseStatusListObject":{"ResponseStatusObject":[{"StatusCode":"0"}]}}"#,
            r#"{"ResponseStatusObjectList":[{"StatusCode":0}]}"#,
        ] {
            assert_eq!(answered(well.as_bytes()), Ok(()), "{well}");
        }
        for ill in [
            r#"{"ResponseStatusObject":{"StatusCode":"4","StatusString":"no"}}"#,
            r#"{"ResponseStatusListObject":{"ResponseStatusObject":
                [{"StatusCode":0},{"StatusCode":4,"StatusString":"no\u0000"}]}}"#,
            r#"{"ResponseStatusListObject":[{"StatusCode":4,"StatusString":"no"}]}"#,
        ] {
            assert_eq!(
                answered(ill.as_bytes()),
                Err("StatusCode 4 no".to_owned()),
                "{ill}"
            );
        }
    }
}
