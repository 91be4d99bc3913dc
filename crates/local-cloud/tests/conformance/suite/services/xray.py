"""Traces."""

import json
import time


def traces(suite):
    xray = suite.client("xray")
    now = time.time()
    trace = f"1-{int(now):08x}-0123456789abcdef01234567"
    segment = {"id": "0123456789abcdef", "trace_id": trace, "name": "app", "start_time": now, "end_time": now + 0.1}
    put = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment), "no JSON"])
    suite.equal(len(put["UnprocessedTraceSegments"]), 1, "xray: refused segments")
    got = xray.batch_get_traces(TraceIds=[trace, trace[:-1] + "0"])
    suite.equal([each["Id"] for each in got["Traces"]], [trace], "xray: traces")
    suite.equal(got["UnprocessedTraceIds"], [trace[:-1] + "0"], "xray: traces that are not there")
    suite.fails("InvalidRequestException", xray.batch_get_traces, TraceIds=["no trace"])
    suite.fails("InvalidRequestException", xray.put_trace_segments, TraceSegmentDocuments=[])
