//! Holds documents against the schemas that the program publishes.

use serde_json::Value;

/// Makes a validator for which nothing may stand in a document that the schema does not describe.
pub(crate) fn closed_validator(mut schema: Value) -> jsonschema::Validator {
    close(&mut schema);
    jsonschema::draft202012::new(&schema).unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") {
                object.insert("additionalProperties".to_owned(), false.into());
            }
            object.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Checks a document.
pub(crate) fn assert_valid(validator: &jsonschema::Validator, document: &Value) {
    assert_eq!(errors(validator, document), Vec::<String>::new());
}

/// Returns what is wrong with a document, each time with its place.
pub(crate) fn errors(validator: &jsonschema::Validator, document: &Value) -> Vec<String> {
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}
