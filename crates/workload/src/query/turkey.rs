//! The rows of a page.

use serde_json::Value;

/// A turkey as the table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turkey {
    /// The partition key of the table.
    pub id: String,
    /// The sort key of the index.
    pub name: String,
    /// The partition key of the index.
    pub breed: String,
    /// A number in DynamoDB's canonical spelling. It is never read as a float, which might round it.
    pub weight: String,
}

impl Turkey {
    fn write(&self, page: &mut String) {
        for (begin, text) in
            [("{\"id\":", &self.id), (",\"name\":", &self.name), (",\"breed\":", &self.breed)]
        {
            page.push_str(begin);
            // A text is displayed as JSON.
            page.push_str(&Value::from(text.as_str()).to_string());
        }
        page.push_str(",\"weight\":");
        page.push_str(&self.weight);
        page.push('}');
    }
}

/// The body of the answer, a JSON array, to be sent with 200 as `application/json`.
#[must_use]
pub fn page(turkeys: &[Turkey]) -> String {
    let mut page = String::with_capacity(2 + turkeys.len() * 96);
    page.push('[');
    for (index, turkey) in turkeys.iter().enumerate() {
        if index > 0 {
            page.push(',');
        }
        turkey.write(&mut page);
    }
    page.push(']');
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turkey(name: &str, weight: &str) -> Turkey {
        Turkey {
            id: "a".to_owned(),
            name: name.to_owned(),
            breed: "Slate".to_owned(),
            weight: weight.to_owned(),
        }
    }

    #[test]
    fn pages_are_arrays_of_any_length() {
        assert_eq!(page(&[]), "[]");
        assert_eq!(
            page(&[turkey("Tom", "7.25")]),
            r#"[{"id":"a","name":"Tom","breed":"Slate","weight":7.25}]"#
        );
        let two = page(&[turkey("\"'\\\n🦃", "1"), turkey("b", "2")]);
        let read: Value = serde_json::from_str(&two).unwrap();
        assert_eq!(read[0]["name"], "\"'\\\n🦃");
        assert_eq!(read.as_array().unwrap().len(), 2);
    }

    #[test]
    fn weights_keep_every_digit() {
        let long = "3.1415926535897932384626433832795028841";
        assert!(page(&[turkey("Tom", long)]).contains(long));
    }
}
