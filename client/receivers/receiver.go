package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	secret, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("SIGNING_SECRET"), "whsec_"))
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // the raw bytes, before any parser
		id, sentAt := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
		mac := hmac.New(sha256.New, secret)
		mac.Write(append([]byte(id+"."+sentAt+"."), body...))
		expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		genuine := false
		for _, signature := range strings.Split(r.Header.Get("webhook-signature"), " ") {
			genuine = genuine || hmac.Equal([]byte(signature), expected)
		}
		seconds, err := strconv.ParseInt(sentAt, 10, 64)
		if !genuine || err != nil || id == "" || math.Abs(time.Since(time.Unix(seconds, 0)).Seconds()) > 300 {
			http.Error(w, "not a genuine callback", http.StatusUnauthorized)
			return
		}
		fmt.Println(id, string(body)) // deduplicate by the identifier
		w.WriteHeader(http.StatusNoContent)
	})
	fmt.Println(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
