//! An item, as it is answered and as the table holds it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use uuid::Uuid;

use super::Draft;

/// A stored item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Given by the service; later ones are greater.
    pub id: Uuid,
    /// What the client said.
    #[serde(flatten)]
    pub draft: Draft,
    /// 1 when it is made, one more with each change.
    pub version: u64,
}

/// The attributes of the table.
pub(super) mod attribute {
    pub const SUBJECT: &str = "subject";
    pub const ID: &str = "id";
    pub const NAME: &str = "name";
    pub const DESCRIPTION: &str = "description";
    pub const QUANTITY: &str = "quantity";
    pub const VERSION: &str = "version";
}

impl Item {
    /// A new item.
    #[must_use]
    pub fn new(draft: Draft) -> Item {
        Item { id: Uuid::now_v7(), draft, version: 1 }
    }

    /// The entity tag, with its quotes.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    pub(super) fn into_attributes(self, subject: &str) -> HashMap<String, AttributeValue> {
        let mut attributes = HashMap::from([
            (attribute::SUBJECT, AttributeValue::S(subject.to_owned())),
            (attribute::ID, AttributeValue::S(self.id.to_string())),
            (attribute::NAME, AttributeValue::S(self.draft.name)),
            (attribute::QUANTITY, number(self.draft.quantity)),
            (attribute::VERSION, number(self.version)),
        ]);
        if let Some(description) = self.draft.description {
            attributes.insert(attribute::DESCRIPTION, AttributeValue::S(description));
        }
        attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// `None` when something else than this service wrote the attributes.
    pub(super) fn from_attributes(mut attributes: HashMap<String, AttributeValue>) -> Option<Item> {
        let mut text = |name: &str| match attributes.remove(name) {
            Some(AttributeValue::S(text)) => Some(text),
            _ => None,
        };
        let (id, name, description) =
            (text(attribute::ID)?, text(attribute::NAME)?, text(attribute::DESCRIPTION));
        let count = |name: &str| match attributes.get(name) {
            Some(AttributeValue::N(digits)) => digits.parse().ok(),
            _ => None,
        };
        let (quantity, version) = (count(attribute::QUANTITY)?, count(attribute::VERSION)?);
        Some(Item { id: id.parse().ok()?, draft: Draft { name, description, quantity }, version })
    }
}

pub(super) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(description: Option<&str>) -> Item {
        let description = description.map(str::to_owned);
        Item::new(Draft { name: "n".to_owned(), description, quantity: 9_007_199_254_740_991 })
    }

    #[test]
    fn the_table_gives_back_what_it_was_given() {
        for item in [item(None), item(Some("")), item(Some("\"🦃\0"))] {
            assert_eq!(Item::from_attributes(item.clone().into_attributes("alice")), Some(item));
        }
        assert_eq!(Item::from_attributes(HashMap::new()), None);
    }

    #[test]
    fn members_stand_in_one_order() {
        let item = item(Some("d"));
        assert_eq!(
            serde_json::to_string(&item).unwrap(),
            format!(
                r#"{{"id":"{}","name":"n","description":"d","quantity":9007199254740991,"version":1}}"#,
                item.id
            )
        );
        assert_eq!(item.etag(), "\"1\"");
    }
}
