//! The older query protocol of SQS, translated to and from the JSON shapes.

use serde_json::{Map, Value, json};

use crate::wire::{Node, Params, WireRequest};

/// The JSON input of an operation from its form.
pub(super) fn input(request: &WireRequest, operation: &str, params: &Params) -> Value {
    let mut input = Map::new();
    for (name, value) in params.iter() {
        if !name.contains('.') && !matches!(name, "Action" | "Version") {
            input.insert(name.to_owned(), Value::String(value.to_owned()));
        }
    }
    if !input.contains_key("QueueUrl") && request.uri.path().len() > 1 {
        // Older SDKs post to the queue's own address.
        input.insert("QueueUrl".into(), Value::String(request.uri.path().to_owned()));
    }
    for (parameter, member) in
        [("AttributeName", "AttributeNames"), ("MessageAttributeName", "MessageAttributeNames")]
    {
        add(&mut input, member, json!(params.values(parameter)));
    }
    add(&mut input, "MessageSystemAttributeNames", json!(params.values("MessageSystemAttributeName")));
    add(&mut input, "TagKeys", json!(params.values("TagKey")));
    add(&mut input, "Attributes", object(params.map("Attribute", "Name", "Value")));
    add(&mut input, "Tags", object(params.map("Tag", "Key", "Value")));
    add_message_parts(&mut input, params);
    let entries: Vec<Value> =
        params.structures(&format!("{operation}RequestEntry")).iter().map(entry).collect();
    add(&mut input, "Entries", Value::Array(entries));
    Value::Object(input)
}

fn entry(params: &Params) -> Value {
    let mut fields = Map::new();
    for (name, value) in params.iter() {
        if !name.contains('.') {
            fields.insert(name.to_owned(), Value::String(value.to_owned()));
        }
    }
    add_message_parts(&mut fields, params);
    Value::Object(fields)
}

fn add_message_parts(fields: &mut Map<String, Value>, params: &Params) {
    let pairs =
        [("MessageAttribute", "MessageAttributes"), ("MessageSystemAttribute", "MessageSystemAttributes")];
    for (parameter, member) in pairs {
        let mut attributes = Map::new();
        for attribute in params.structures(parameter) {
            let name = attribute.get("Name").unwrap_or_default().to_owned();
            let value: Vec<(String, String)> = attribute
                .below("Value")
                .iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            attributes.insert(name, object(value));
        }
        add(fields, member, Value::Object(attributes));
    }
}

fn object(pairs: Vec<(String, String)>) -> Value {
    Value::Object(pairs.into_iter().map(|(key, value)| (key, Value::String(value))).collect())
}

fn add(input: &mut Map<String, Value>, member: &str, value: Value) {
    let is_empty = match &value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if !is_empty {
        input.insert(member.to_owned(), value);
    }
}

/// The XML of an answer; operations without output have no result element.
pub(super) fn output(operation: &str, answer: &Value) -> Node {
    let text = |value: &Value| Node::from(value.as_str().unwrap_or_default());
    let mut members = Vec::new();
    match operation {
        "CreateQueue" | "GetQueueUrl" => members.push(("QueueUrl", text(&answer["QueueUrl"]))),
        "ListQueues" => {
            members.extend(array(&answer["QueueUrls"]).iter().map(|url| ("QueueUrl", text(url))));
            members.extend(answer.get("NextToken").map(|token| ("NextToken", text(token))));
        }
        "ListDeadLetterSourceQueues" => {
            members.extend(array(&answer["queueUrls"]).iter().map(|url| ("QueueUrl", text(url))));
        }
        "GetQueueAttributes" => {
            members.extend(named(&answer["Attributes"], "Attribute", ("Name", "Value")));
        }
        "ListQueueTags" => members.extend(named(&answer["Tags"], "Tag", ("Key", "Value"))),
        "SendMessage" => return send_result(answer),
        "ReceiveMessage" => {
            members
                .extend(array(&answer["Messages"]).iter().map(|message| ("Message", message_node(message))));
        }
        "SendMessageBatch" | "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => {
            let kind = match operation {
                "SendMessageBatch" => "SendMessageBatchResultEntry",
                "DeleteMessageBatch" => "DeleteMessageBatchResultEntry",
                _ => "ChangeMessageVisibilityBatchResultEntry",
            };
            let successful = array(&answer["Successful"]).iter();
            members.extend(successful.map(|entry| (kind, send_result(entry).with("Id", text(&entry["Id"])))));
            members.extend(array(&answer["Failed"]).iter().map(|entry| {
                let fields = ["Id", "Code", "Message"].map(|name| (name, text(&entry[name])));
                ("BatchResultErrorEntry", Node::Struct(fields.to_vec()).with("SenderFault", true))
            }));
        }
        _ => return Node::Null,
    }
    Node::Struct(members)
}

fn send_result(answer: &Value) -> Node {
    let names = ["MessageId", "MD5OfMessageBody", "MD5OfMessageAttributes"];
    let members = names.into_iter().filter_map(|name| Some((name, Node::from(answer[name].as_str()?))));
    Node::Struct(members.collect())
}

fn message_node(message: &Value) -> Node {
    let names = ["MessageId", "ReceiptHandle", "MD5OfBody", "MD5OfMessageAttributes", "Body"];
    let mut members: Vec<(&'static str, Node)> =
        names.into_iter().filter_map(|name| Some((name, Node::from(message[name].as_str()?)))).collect();
    members.extend(named(&message["Attributes"], "Attribute", ("Name", "Value")));
    if let Value::Object(attributes) = &message["MessageAttributes"] {
        for (name, value) in attributes {
            let names = ["StringValue", "BinaryValue", "DataType"];
            let fields = names.into_iter().filter_map(|name| Some((name, Node::from(value[name].as_str()?))));
            let node = Node::Struct(vec![
                ("Name", Node::from(name.as_str())),
                ("Value", Node::Struct(fields.collect())),
            ]);
            members.push(("MessageAttribute", node));
        }
    }
    Node::Struct(members)
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn named(
    map: &Value,
    element: &'static str,
    (key, value): (&'static str, &'static str),
) -> Vec<(&'static str, Node)> {
    let Value::Object(map) = map else { return Vec::new() };
    map.iter()
        .map(|(name, text)| {
            let fields =
                vec![(key, Node::from(name.as_str())), (value, text.as_str().unwrap_or_default().into())];
            (element, Node::Struct(fields))
        })
        .collect()
}
