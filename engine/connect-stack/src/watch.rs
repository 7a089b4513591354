//! What tells when something is wrong, and one page that shows how it goes.

use serde_json::{Map, Value, json};

use crate::cfn::{att, ids, instance_id, put, reference, sub, when};
use crate::function::{FUNCTION, LOGS, LOST_NEWS};
use crate::{Stack, store};

/// Metric that counts callers whom the engine did not answer.
const FALLBACKS: &str = "FallbackAnswers";
const NAMESPACE: &str = "Dialgraph/${AWS::StackName}";

/// Connect gives up after 8 s, the function after 6.5.
const SLOW_MS: u32 = 5000;
/// Fallbacks within five minutes that are more than one unlucky connection.
const MANY_FALLBACKS: u32 = 5;

/// One alarm: what is looked at, and when it goes off.
struct Alarm {
    id: String,
    description: String,
    namespace: Value,
    metric: &'static str,
    dimensions: Value,
    statistic: &'static str,
    period: u32,
    /// So many of so many periods.
    of: (u32, u32),
    more_than: Value,
}

impl Alarm {
    fn put(self, into: &mut Map<String, Value>) {
        let actions = when(
            "HasTopic",
            json!([reference("AlarmTopicArn")]),
            Some(when("MakesTopic", json!([reference("AlarmTopic")]), None)),
        );
        let mut properties = json!({
            "AlarmDescription": self.description,
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Dimensions": self.dimensions,
            "Period": self.period,
            "DatapointsToAlarm": self.of.0,
            "EvaluationPeriods": self.of.1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": self.more_than,
            // Nothing happened is no trouble.
            "TreatMissingData": "notBreaching",
            "AlarmActions": actions,
            "OKActions": actions,
        });
        let statistic =
            if self.statistic.starts_with('p') { "ExtendedStatistic" } else { "Statistic" };
        properties[statistic] = self.statistic.into();
        put(into, &self.id, "AWS::CloudWatch::Alarm", properties);
    }
}

pub(super) fn resources(stack: &Stack, into: &mut Map<String, Value>) {
    into.insert(
        "AlarmTopic".to_owned(),
        json!({
            "Type": "AWS::SNS::Topic",
            "Condition": "MakesTopic",
            "Properties": {
                "DisplayName": "Dialgraph",
                "Subscription": [{"Protocol": "email", "Endpoint": reference("AlarmEmail")}],
            },
        }),
    );
    put(
        into,
        "FallbackFilter",
        "AWS::Logs::MetricFilter",
        json!({
            "LogGroupName": reference(LOGS),
            "FilterPattern": "{ $.answered_by = \"fallback\" }",
            "MetricTransformations": [{
                "MetricNamespace": sub(NAMESPACE),
                "MetricName": FALLBACKS,
                "MetricValue": "1",
                "DefaultValue": 0,
                "Unit": "Count",
            }],
        }),
    );
    for alarm in alarms(stack) {
        alarm.put(into);
    }
    put(
        into,
        "Dashboard",
        "AWS::CloudWatch::Dashboard",
        json!({
            "DashboardName": sub("${AWS::StackName}"),
            "DashboardBody": {"Fn::Sub": [dashboard(stack).to_string(), {"InstanceId": instance_id()}]},
        }),
    );
}

fn alarms(stack: &Stack) -> Vec<Alarm> {
    let of_function = json!([{"Name": "FunctionName", "Value": reference(FUNCTION)}]);
    let function = |id: &str, metric, description: &str| Alarm {
        id: id.to_owned(),
        description: description.to_owned(),
        namespace: "AWS/Lambda".into(),
        metric,
        dimensions: of_function.clone(),
        statistic: "Sum",
        period: 60,
        of: (1, 1),
        more_than: 0.into(),
    };
    let mut all = vec![
        function("ErrorsAlarm", "Errors", "The function failed: its callers heard the flow's apology and went to the fallback queue."),
        function("ThrottlesAlarm", "Throttles", "Lambda refused to run the function: raise the account's concurrency."),
        Alarm {
            statistic: "p99",
            of: (3, 5),
            more_than: SLOW_MS.into(),
            ..function("SlowAlarm", "Duration", "One answer in a hundred takes more than 5 s; Connect gives up after 8 s.")
        },
        Alarm {
            id: "FallbackAlarm".to_owned(),
            description: "The engine does not answer: callers are given to the fallback queue. The function's log has the reason.".to_owned(),
            namespace: sub(NAMESPACE),
            metric: FALLBACKS,
            dimensions: json!([]),
            statistic: "Sum",
            period: 300,
            of: (1, 1),
            more_than: (MANY_FALLBACKS - 1).into(),
        },
    ];
    all.push(Alarm {
        id: "LostNewsAlarm".to_owned(),
        description: "News of hang-ups did not reach the engine. They are kept for two weeks; send them again when it is back.".to_owned(),
        namespace: "AWS/SQS".into(),
        metric: "ApproximateNumberOfMessagesVisible",
        dimensions: json!([{"Name": "QueueName", "Value": att(LOST_NEWS, "QueueName")}]),
        statistic: "Maximum",
        period: 300,
        of: (1, 1),
        more_than: 0.into(),
    });
    let of_connect = |group: &str, name: &str, value: &str| {
        json!([
            {"Name": "InstanceId", "Value": instance_id()},
            {"Name": "MetricGroup", "Value": group},
            {"Name": name, "Value": value},
        ])
    };
    let connect =
        |id: String, metric, description: String, dimensions, statistic, more_than| Alarm {
            id,
            description,
            namespace: "AWS/Connect".into(),
            metric,
            dimensions,
            statistic,
            period: 60,
            of: (1, 1),
            more_than,
        };
    let of_flow = of_connect("ContactFlow", "ContactFlowName", &stack.bridge.name);
    for (id, metric, description) in [
        (
            "FlowFatalAlarm",
            "ContactFlowFatalErrors",
            "The bridge flow broke: a caller was disconnected by Connect itself.",
        ),
        (
            "CallbackNumberAlarm",
            "CallBackNotDialableNumber",
            "A callback was promised to a number that Connect may not dial.",
        ),
    ] {
        all.push(connect(
            id.to_owned(),
            metric,
            description.to_owned(),
            of_flow.clone(),
            "Sum",
            0.into(),
        ));
    }
    let of_calls = json!([
        {"Name": "InstanceId", "Value": instance_id()},
        {"Name": "MetricGroup", "Value": "VoiceCalls"},
    ]);
    all.push(connect(
        "BusyAlarm".to_owned(),
        "ConcurrentCallsPercentage",
        "Calls at the same time come near the instance's quota: ask for more.".to_owned(),
        of_calls.clone(),
        "Maximum",
        reference("BusyShare"),
    ));
    all.push(connect(
        "RefusedCallsAlarm".to_owned(),
        "CallsBreachingConcurrencyQuota",
        "More calls came than the instance's quota allows: callers were refused.".to_owned(),
        of_calls,
        "Sum",
        0.into(),
    ));
    let of_queues = ids("", stack.queues.iter().map(|queue| queue.name.as_str()));
    for (queue, id) in stack.queues.iter().zip(of_queues) {
        let dimensions = of_connect("Queue", "QueueName", &queue.name);
        if let Some(sla) = queue.sla {
            all.push(connect(
                format!("WaitAlarm{id}"),
                "LongestQueueWaitTime",
                format!("A caller in queue {} waits longer than promised.", queue.name),
                dimensions.clone(),
                "Maximum",
                sla.as_secs().into(),
            ));
        }
        // Where nothing is promised and hours end, contacts wait for the next morning.
        if queue.sla.is_some() || queue.hours.is_none() {
            all.push(connect(
                format!("NobodyAlarm{id}"),
                "LongestQueueWaitTime",
                format!("Nobody seems to be on duty at queue {}.", queue.name),
                dimensions.clone(),
                "Maximum",
                reference("NobodyOnDutySeconds"),
            ));
        }
        all.push(connect(
            format!("FullAlarm{id}"),
            "QueueCapacityExceededError",
            format!("Queue {} is full: callers were refused.", queue.name),
            dimensions,
            "Sum",
            0.into(),
        ));
    }
    if stack.has_table() {
        for (id, metric) in [
            ("ReadThrottleAlarm", "ReadThrottleEvents"),
            ("WriteThrottleAlarm", "WriteThrottleEvents"),
        ] {
            all.push(Alarm {
                id: id.to_owned(),
                description: "DynamoDB refuses the table's requests for a while: more calls than it has grown to.".to_owned(),
                namespace: "AWS/DynamoDB".into(),
                metric,
                dimensions: json!([{"Name": "TableName", "Value": reference(store::TABLE)}]),
                statistic: "Sum",
                period: 60,
                of: (3, 5),
                more_than: 0.into(),
            });
        }
    }
    all
}

/// Rows of widgets; `${…}` is filled in by the template.
fn dashboard(stack: &Stack) -> Value {
    let lambda = |metric: &str, more: Value| {
        json!(["AWS/Lambda", metric, "FunctionName", "${Function}", more])
    };
    let flow = |metric: &str| json!(["AWS/Connect", metric, "InstanceId", "${InstanceId}", "MetricGroup", "ContactFlow", "ContactFlowName", stack.bridge.name, {"stat": "Sum"}]);
    let queues = |metric: &str| {
        let of_one = |name: &str| json!(["AWS/Connect", metric, "InstanceId", "${InstanceId}", "MetricGroup", "Queue", "QueueName", name, {"stat": "Maximum"}]);
        stack.queues.iter().map(|queue| of_one(&queue.name)).collect::<Vec<Value>>()
    };
    let voice = |metric: &str, stat: &str| json!(["AWS/Connect", metric, "InstanceId", "${InstanceId}", "MetricGroup", "VoiceCalls", {"stat": stat}]);
    let mut graphs: Vec<(&str, Vec<Value>)> = vec![
        (
            "Calls",
            vec![
                voice("CallsPerInterval", "Sum"),
                voice("ConcurrentCalls", "Maximum"),
                voice("CallsBreachingConcurrencyQuota", "Sum"),
            ],
        ),
        (
            "News of hang-ups that wait to be sent again",
            vec![
                json!(["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", format!("${{{LOST_NEWS}.QueueName}}"), {"stat": "Maximum"}]),
            ],
        ),
        (
            "Answers of the function",
            vec![
                lambda("Invocations", json!({"stat": "Sum"})),
                lambda("Errors", json!({"stat": "Sum"})),
                lambda("Throttles", json!({"stat": "Sum"})),
                json!([NAMESPACE, FALLBACKS, {"stat": "Sum"}]),
            ],
        ),
        (
            "Time of an answer in ms",
            vec![
                lambda("Duration", json!({"stat": "p50"})),
                lambda("Duration", json!({"stat": "p99"})),
                lambda("Duration", json!({"stat": "Maximum"})),
            ],
        ),
        ("Longest wait in a queue in s", queues("LongestQueueWaitTime")),
        ("Callers in a queue", queues("QueueSize")),
        (
            "Errors of the bridge flow",
            vec![
                flow("ContactFlowErrors"),
                flow("ContactFlowFatalErrors"),
                flow("CallBackNotDialableNumber"),
            ],
        ),
    ];
    if stack.has_table() {
        let table = |metric: &str| json!(["AWS/DynamoDB", metric, "TableName", "${Table}", {"stat": "Sum"}]);
        graphs.push((
            "Units of the table",
            vec![
                table("ConsumedReadCapacityUnits"),
                table("ConsumedWriteCapacityUnits"),
                table("ReadThrottleEvents"),
                table("WriteThrottleEvents"),
            ],
        ));
    }
    let mut widgets: Vec<Value> = graphs
        .into_iter()
        .zip(0_u32..)
        .map(|((title, metrics), number)| {
            json!({
                "type": "metric",
                "x": number % 2 * 12,
                "y": number / 2 * 6,
                "width": 12,
                "height": 6,
                "properties": {
                    "title": title,
                    "region": "${AWS::Region}",
                    "view": "timeSeries",
                    "period": 60,
                    "metrics": metrics,
                },
            })
        })
        .collect();
    let y = widgets.len().div_ceil(2) * 6;
    let query = format!(
        "SOURCE '${{{LOGS}}}' | filter answered_by = \"fallback\" | stats count(*) by reason"
    );
    widgets.push(json!({
        "type": "log",
        "x": 0,
        "y": y,
        "width": 24,
        "height": 6,
        "properties": {
            "title": "Why callers heard the fallback",
            "region": "${AWS::Region}",
            "view": "table",
            "query": query,
        },
    }));
    json!({"widgets": widgets})
}
