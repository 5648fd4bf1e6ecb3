import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = Buffer.from(process.env.SIGNING_SECRET.replace("whsec_", ""), "base64");

createServer(async (request, response) => {
  const chunks = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    return response.destroy(); // the sender has closed the connection
  }
  const body = Buffer.concat(chunks); // the raw bytes, before any parser
  const { "webhook-id": id, "webhook-timestamp": sentAt, "webhook-signature": signatures = "" } = request.headers;
  const mac = createHmac("sha256", secret).update(`${id}.${sentAt}.`).update(body).digest("base64");
  const expected = Buffer.from(`v1,${mac}`);
  const isEqual = (signature) => signature.length === expected.length && timingSafeEqual(signature, expected);
  const isGenuine = signatures.split(" ").some((signature) => isEqual(Buffer.from(signature)));
  const isFresh = /^\d+$/.test(sentAt) && Math.abs(Date.now() / 1000 - Number(sentAt)) < 300;
  if (isGenuine && isFresh && id) console.log(id, JSON.parse(body).type); // deduplicate by the identifier
  response.writeHead(isGenuine && isFresh && id ? 204 : 401).end();
}).listen(Number(process.env.PORT), "127.0.0.1");
