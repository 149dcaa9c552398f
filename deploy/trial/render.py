"""Makes the Envoy configuration that Istio makes of Museum's DestinationRule and VirtualService.

Only the parts that the trial is about: circuit breakers, connection settings, outlier detection, routes with deadlines and
retries. Istio's translation is in pilot/pkg/networking/core: cluster_traffic_policy.go and route/retry/retry.go.
"""

UNLIMITED = 4294967295


def cluster(rule, endpoints):
    """The cluster "museum" of a DestinationRule; endpoints are the ports of Museum's processes on loopback."""
    policy = rule["spec"]["trafficPolicy"]
    tcp = policy.get("connectionPool", {}).get("tcp", {})
    http = policy.get("connectionPool", {}).get("http", {})
    outlier = policy.get("outlierDetection")
    made = {
        "name": "museum",
        "type": "STATIC",
        # Istio's default.
        "lb_policy": "LEAST_REQUEST",
        # Istio's default is 10 s.
        "connect_timeout": tcp.get("connectTimeout", "10s").replace("250ms", "0.25s"),
        "circuit_breakers": {"thresholds": [{
            "max_connections": tcp.get("maxConnections", UNLIMITED),
            "max_pending_requests": http.get("http1MaxPendingRequests", UNLIMITED),
            "max_requests": http.get("http2MaxRequests", UNLIMITED),
            "max_retries": http.get("maxRetries", UNLIMITED),
            "track_remaining": True,
        }]},
        "load_assignment": {"cluster_name": "museum", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": address(port)}} for port in endpoints
        ]}]},
    }
    common = {}
    if "idleTimeout" in http:
        common["idle_timeout"] = http["idleTimeout"]
    if http.get("maxRequestsPerConnection"):
        common["max_requests_per_connection"] = http["maxRequestsPerConnection"]
    made["typed_extension_protocol_options"] = {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": common,
        "explicit_http_config": {"http_protocol_options": {}},
    }}
    if outlier:
        made["outlier_detection"] = outlier_detection(outlier)
        made["common_lb_config"] = {"healthy_panic_threshold": {"value": outlier.get("minHealthPercent", 0)}}
    return made


def outlier_detection(outlier):
    made = {"enforcing_success_rate": 0}
    for theirs, ours, enforcing in [
        ("consecutive5xxErrors", "consecutive_5xx", "enforcing_consecutive_5xx"),
        ("consecutiveGatewayErrors", "consecutive_gateway_failure", "enforcing_consecutive_gateway_failure"),
    ]:
        if theirs in outlier:
            made[ours] = outlier[theirs]
            made[enforcing] = 100 if outlier[theirs] else 0
    for theirs, ours in [("interval", "interval"), ("baseEjectionTime", "base_ejection_time")]:
        if theirs in outlier:
            made[ours] = outlier[theirs]
    if outlier.get("maxEjectionPercent"):
        made["max_ejection_percent"] = outlier["maxEjectionPercent"]
    if outlier.get("splitExternalLocalOriginErrors"):
        made["split_external_local_origin_errors"] = True
        if outlier.get("consecutiveLocalOriginFailures"):
            made["consecutive_local_origin_failure"] = outlier["consecutiveLocalOriginFailures"]
            made["enforcing_consecutive_local_origin_failure"] = 100
        made["enforcing_local_origin_success_rate"] = 0
    return made


def routes(service):
    """The routes of a VirtualService, in its order."""
    made = []
    for route in service["spec"]["http"]:
        for match in route.get("match", [{}]):
            action = {"cluster": "museum", "timeout": route["timeout"]}
            retries = route["retries"]
            if retries["attempts"]:
                action["retry_policy"] = {
                    "num_retries": retries["attempts"],
                    "retry_on": retries["retryOn"],
                    # Not to the pod that has just failed.
                    "retry_host_predicate": [{
                        "name": "envoy.retry_host_predicates.previous_hosts",
                        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3"
                                         ".PreviousHostsPredicate"},
                    }],
                    "host_selection_retry_max_attempts": 5,
                }
                if "perTryTimeout" in retries:
                    action["retry_policy"]["per_try_timeout"] = retries["perTryTimeout"]
            made.append({"match": route_match(match), "route": action})
    return made


def route_match(match):
    made = {"prefix": "/"}
    if "uri" in match:
        made = {"path": match["uri"]["exact"]} if "exact" in match["uri"] else {"safe_regex": {"regex": match["uri"]["regex"]}}
    headers = []
    if "method" in match:
        headers.append({"name": ":method", "string_match": string_match(match["method"])})
    for name, value in match.get("headers", {}).items():
        headers.append({"name": name, "string_match": string_match(value)} if value else {"name": name, "present_match": True})
    if headers:
        made["headers"] = headers
    return made


def string_match(match):
    return {"exact": match["exact"]} if "exact" in match else {"safe_regex": {"regex": match["regex"]}}


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def bootstrap(rule, service, listen, admin, endpoints, log):
    """All that Envoy needs to stand where a sidecar would: between Museum's callers and Museum."""
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "museum",
        # What each caller got, and why: UO is a circuit breaker, UH no pod left, UT a deadline, UF no connection, DC a caller
        # that hung up.
        "access_log": [{
            "name": "envoy.access_loggers.file",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                "path": log,
                "log_format": {"text_format_source": {"inline_string": "%RESPONSE_CODE% %RESPONSE_FLAGS%\n"}},
            },
        }],
        "route_config": {"virtual_hosts": [{"name": "museum", "domains": ["*"], "routes": routes(service)}]},
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
        }],
    }
    return {
        "admin": {"address": address(admin)},
        "static_resources": {
            "listeners": [{
                "name": "museum",
                "address": address(listen),
                "filter_chains": [{"filters": [
                    {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager},
                ]}],
            }],
            "clusters": [cluster(rule, endpoints)],
        },
    }
