// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
//
// curl_easy_setopt takes any type, which Swift cannot call: a whole request is made here.
#pragma once
#include <curl/curl.h>
#include <string.h>

/// Room for an answer, and how much of it is used.
typedef struct {
    char *octets;
    size_t capacity;
    size_t count;
} CCurl_buffer;

static size_t CCurl_keep(char *octets, size_t size, size_t count, void *context) {
    CCurl_buffer *buffer = (CCurl_buffer *)context;
    (void)size; // always 1
    if (count > buffer->capacity - buffer->count) return CURL_WRITEFUNC_ERROR;
    memcpy(buffer->octets + buffer->count, octets, count);
    buffer->count += count;
    return count;
}

/// Once, before there are threads that use the library.
static inline CURLcode CCurl_initialize(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

/// Posts a form and waits for the answer, at most `milliseconds`; blocks. Follows no redirection. `user` and `authorities`
/// may be NULL: no HTTP Basic, the system's authorities. An answer that does not fit ends with CURLE_WRITE_ERROR.
static inline CURLcode CCurl_post(const char *address, const char *form, size_t length, const char *user,
                                  const char *password, const char *authorities, long milliseconds,
                                  CCurl_buffer *answer, long *status) {
    CURL *handle = curl_easy_init();
    if (!handle) return CURLE_FAILED_INIT;
    struct curl_slist *headers = curl_slist_append(0, "Accept: application/json");
    curl_easy_setopt(handle, CURLOPT_URL, address);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, milliseconds);
    // A look-up of the host's name that hangs is left behind, not waited for.
    curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
    // What else a redirection or an environment variable could lead to is not to get tokens: nor is a proxy that one names.
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, form);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, CCurl_keep);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, answer);
    if (authorities) curl_easy_setopt(handle, CURLOPT_CAINFO, authorities);
    if (user) {
        curl_easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(handle, CURLOPT_USERNAME, user);
        curl_easy_setopt(handle, CURLOPT_PASSWORD, password);
    }
    CURLcode result = curl_easy_perform(handle);
    if (result == CURLE_OK) result = curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, status);
    curl_easy_cleanup(handle);
    curl_slist_free_all(headers);
    return result;
}
