// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import Glibc

/// A certificate that vouches for itself, for the first start and for tests.
package struct SelfSignedCertificate: Sendable {
    /// PEM.
    package let certificate: [UInt8]
    /// PEM, unencrypted PKCS #8.
    package let key: [UInt8]

    /// Makes an ECDSA P-256 key and a certificate for `names` (DNS names or IP addresses; the first is the subject).
    package init(names: [String], days: Int = 825) throws(TLSError) {
        guard let key = unsafe COpenSSL_EVP_EC_gen("P-256") else { throw .openSSL("key") }
        defer { unsafe EVP_PKEY_free(key) }
        guard let certificate = unsafe X509_new() else { throw .openSSL("certificate") }
        defer { unsafe X509_free(certificate) }
        unsafe X509_set_version(certificate, 2)
        unsafe ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), .random(in: 1...(1 << 62)))
        unsafe X509_gmtime_adj(X509_getm_notBefore(certificate), -3600)
        unsafe X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86_400)
        unsafe X509_set_pubkey(certificate, key)
        let subject = unsafe X509_get_subject_name(certificate)
        let name = Array((names.first ?? "localhost").utf8.prefix(64))
        unsafe X509_NAME_add_entry_by_txt(subject, "CN", V_ASN1_UTF8STRING, name, Int32(name.count), -1, 0)
        unsafe X509_set_issuer_name(certificate, subject)
        let alternatives = names.map { SocketAddress(host: $0, port: 0) == nil ? "DNS:\($0)" : "IP:\($0)" }
        try unsafe Self.extend(certificate, NID_subject_alt_name, alternatives.joined(separator: ","))
        try unsafe Self.extend(certificate, NID_basic_constraints, "critical,CA:FALSE")
        try unsafe Self.extend(certificate, NID_ext_key_usage, "serverAuth,clientAuth")
        guard unsafe X509_sign(certificate, key, EVP_sha256()) > 0 else { throw .openSSL("signature") }
        self.certificate = try unsafe Self.text { unsafe PEM_write_bio_X509($0, certificate) }
        self.key = try unsafe Self.text { unsafe PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    private static func extend(_ certificate: OpaquePointer, _ kind: Int32, _ value: String) throws(TLSError) {
        guard let addition = unsafe X509V3_EXT_conf_nid(nil, nil, kind, value) else { throw .openSSL(value) }
        defer { unsafe X509_EXTENSION_free(addition) }
        guard unsafe X509_add_ext(certificate, addition, -1) == 1 else { throw .openSSL(value) }
    }

    private static func text(_ write: (OpaquePointer) -> Int32) throws(TLSError) -> [UInt8] {
        guard let memory = unsafe BIO_new(BIO_s_mem()) else { throw .openSSL("memory") }
        defer { unsafe BIO_free(memory) }
        guard unsafe write(memory) == 1 else { throw .openSSL("PEM") }
        var text = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(memory))
        let count = unsafe BIO_read(memory, &text, Int32(text.count))
        return Array(text.prefix(Int(max(0, count))))
    }
}
