// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

extension TLSStream {
    /// What ties a log-on to this very session, for the server's side, by the registered name of the type.
    ///
    /// `tls-unique` is none of them: RFC 9266 §5 has TLS 1.3 go without it.
    var channelBindings: [String: [UInt8]] {
        var bindings: [String: [UInt8]] = [:]
        bindings["tls-exporter"] = exportedKey
        bindings["tls-server-end-point"] = endPoint
        return bindings
    }

    /// RFC 9266 §2: 32 octets of keying material.
    ///
    /// Only of TLS 1.3: below it, an empty context and none at all give different octets (RFC 5705 §4), peers do not
    /// agree on which is meant, and only the extended master secret makes them unique.
    private var exportedKey: [UInt8]? {
        guard unsafe SSL_version(ssl) >= COpenSSL_TLS1_3_VERSION else { return nil }
        let label = Array("EXPORTER-Channel-Binding".utf8CString.dropLast())
        var key = [UInt8](repeating: 0, count: 32)
        let result = unsafe SSL_export_keying_material(ssl, &key, key.count, label, label.count, [], 0, 1)
        return result == 1 ? key : nil
    }

    /// RFC 5929 §4.1: the server's certificate, hashed as its signature was, but never with MD5 or SHA-1.
    ///
    /// `nil` where a signature has no hash of its own, such as Ed25519.
    private var endPoint: [UInt8]? {
        guard let certificate = unsafe SSL_get_certificate(ssl) else { return nil }
        var hash = NID_undef
        let signature = unsafe X509_get_signature_nid(certificate)
        guard unsafe OBJ_find_sigid_algs(signature, &hash, nil) == 1, hash != NID_undef else { return nil }
        let isWeak = hash == NID_md5 || hash == NID_sha1
        guard let function = unsafe EVP_get_digestbyname(OBJ_nid2sn(isWeak ? NID_sha256 : hash)) else { return nil }
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard unsafe X509_digest(certificate, function, &digest, &length) == 1 else { return nil }
        return Array(digest.prefix(Int(length)))
    }
}
