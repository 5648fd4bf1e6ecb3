<?php
$secret = base64_decode(substr(getenv('SIGNING_SECRET'), strlen('whsec_')));
$body = file_get_contents('php://input'); // the raw bytes, before any parser
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
$sentAt = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
$expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$sentAt.$body", $secret, true));
$isGenuine = false;
foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $signature) {
    $isGenuine = hash_equals($expected, $signature) || $isGenuine;
}
$isFresh = ctype_digit($sentAt) && abs(time() - (int) $sentAt) < 300;
if ($isGenuine && $isFresh && $id !== '') {
    error_log($id . ' ' . json_decode($body)->type); // deduplicate by the identifier
    http_response_code(204);
} else {
    http_response_code(401);
}
