import base64, hashlib, hmac, http.server, json, os, time

SECRET = base64.b64decode(os.environ["SIGNING_SECRET"].removeprefix("whsec_"))

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))  # the raw bytes, before any parser
        identifier, sent_at = self.headers["webhook-id"] or "", self.headers["webhook-timestamp"] or ""
        signed = f"{identifier}.{sent_at}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.digest(SECRET, signed, hashlib.sha256)).decode()
        signatures = (self.headers["webhook-signature"] or "").split(" ")
        is_genuine = any([hmac.compare_digest(expected.encode(), signature.encode()) for signature in signatures])
        is_fresh = sent_at.isdecimal() and abs(time.time() - int(sent_at)) < 300
        if is_genuine and is_fresh and identifier:
            print(identifier, json.loads(body)["type"], flush=True)  # deduplicate by the identifier
        self.send_response(204 if is_genuine and is_fresh and identifier else 401)
        self.end_headers()

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
