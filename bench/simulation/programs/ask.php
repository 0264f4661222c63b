<?php
// Ask with the curl extension of PHP, and with its own streams.
$url = $argv[1];
foreach ([['/api/get', []], ['/api/post', ['Content-Type: application/json']]] as [$path, $headers]) {
    $curl = curl_init($url . $path);
    curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_SSL_VERIFYPEER => false, CURLOPT_SSL_VERIFYHOST => 0,
        CURLOPT_HTTPHEADER => $headers, CURLOPT_TIMEOUT => 5] + ($headers ? [CURLOPT_POSTFIELDS => '{"a":1}'] : []));
    curl_exec($curl);
}
