//! Holds documents against the schemas that the program publishes.

use boon::{Compiler, SchemaIndex, Schemas, ValidationError};
use serde_json::Value;

/// A schema, ready to be held against documents.
pub(crate) struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    /// Takes a schema as it is.
    pub(crate) fn new(schema: Value) -> Self {
        let place = "https://stickler.test/schema.json";
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource(place, schema).unwrap();
        let index = compiler.compile(place, &mut schemas).unwrap();
        Self { schemas, index }
    }

    /// Takes a schema, but nothing may stand in a document that it does not describe.
    pub(crate) fn closed(mut schema: Value) -> Self {
        close(&mut schema);
        Self::new(schema)
    }

    /// Returns whether a document is as the schema says.
    pub(crate) fn accepts(&self, document: &Value) -> bool {
        self.schemas.validate(document, self.index).is_ok()
    }

    /// Returns what is wrong with a document, each time with its place.
    pub(crate) fn errors(&self, document: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        if let Err(error) = self.schemas.validate(document, self.index) {
            collect(&error, &mut errors);
        }
        errors
    }

    /// Checks a document.
    pub(crate) fn assert_accepts(&self, document: &Value) {
        assert_eq!(self.errors(document), Vec::<String>::new());
    }
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

fn collect(error: &ValidationError<'_, '_>, into: &mut Vec<String>) {
    if error.causes.is_empty() {
        into.push(format!("{}: {}", error.instance_location, error.kind));
    }
    error.causes.iter().for_each(|cause| collect(cause, into));
}
