"""A server for tests: TensorFlow Serving's gRPC and REST interfaces, as published, in front of an exported model.

Run as a program: ``python -m tests.ner.serving_client.serving EXPORT GRPC_PORT REST_PORT``; prints ``ready`` when it answers.
"""

import json
import sys
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict as TensorFlow Serving does it: errors by code, outputs filtered."""

    def __init__(self, path):
        self.model = tf.saved_model.load(path)

    def Predict(self, request, context):
        if request.model_spec.name != "ner":
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({request.model_spec.name})")
        outputs = self.run(request.model_spec.signature_name or "serving_default", tf.make_ndarray(request.inputs["text"]).tolist())
        response = predict_pb2.PredictResponse()
        for name in request.output_filter or outputs:
            response.outputs[name].CopyFrom(tf.make_tensor_proto(outputs[name]))
        return response

    def run(self, signature, texts):
        return {name: value.numpy() for name, value in self.model.signatures[signature](text=tf.constant(texts, tf.string)).items()}


def rest_handler(service):
    class Handler(BaseHTTPRequestHandler):
        """The row format of ``:predict``."""

        protocol_version = "HTTP/1.1"

        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/v1/models/ner:predict":
                self.answer(404, {"error": f"Servable not found for request: {self.path}"})
                return
            # Where a signature has one input, a row may be its value alone.
            rows = [row["text"] if isinstance(row, dict) else row for row in request["instances"]]
            outputs = service.run("serving_default", [row.encode() for row in rows])
            columns = {name: value.tolist() for name, value in outputs.items()}
            rows = [dict(zip(columns, row)) for row in zip(*columns.values())]
            self.answer(200, {"predictions": rows})

        def answer(self, status, value):
            body = json.dumps(value, default=bytes.decode).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main(path, grpc_port, rest_port):
    service = PredictionService(path)
    server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    if server.add_insecure_port(f"127.0.0.1:{grpc_port}") == 0:
        sys.exit(f"port {grpc_port} is taken")
    rest = _Server(("127.0.0.1", int(rest_port)), rest_handler(service))
    service.run("serving_default", [b"a"])
    server.start()
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    print("ready", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
