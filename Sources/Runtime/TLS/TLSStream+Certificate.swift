// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

extension TLSStream {
    /// Bound on names in one certificate: more would only be tried one after the other.
    private static let maximumIdentities = 16

    /// Whom the peer's certificate names: its rfc822Names and emailAddresses (RFC 5280 §4.2.1.6), and where it has
    /// none, the common names of its subject.
    ///
    /// Empty when this is not a server that asks for certificates, when there is none, when it has run out, and when
    /// none of the authorities that were set vouches for it.
    var certifiedIdentities: [String] {
        guard unsafe SSL_is_server(ssl) == 1, unsafe SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0,
            unsafe SSL_get_verify_result(ssl) == Int(X509_V_OK),
            let certificate = unsafe COpenSSL_SSL_get0_peer_certificate(ssl),
            // A session that is resumed was verified when it began.
            unsafe X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0
        else { return [] }
        let addresses = unsafe Self.addresses(of: certificate)
        return unsafe addresses.isEmpty ? Self.commonNames(of: certificate) : addresses
    }

    private static func addresses(of certificate: OpaquePointer) -> [String] {
        guard let stack = unsafe COpenSSL_X509_get1_email(certificate) else { return [] }
        defer { unsafe COpenSSL_X509_email_free(stack) }
        let count = min(unsafe COpenSSL_sk_OPENSSL_STRING_num(stack), Int32(maximumIdentities))
        var found: [String] = []
        for index in 0..<max(0, count) {
            guard let text = unsafe COpenSSL_sk_OPENSSL_STRING_value(stack, index) else { continue }
            found.append(unsafe String(cString: text))
        }
        return found
    }

    private static func commonNames(of certificate: OpaquePointer) -> [String] {
        guard let subject = unsafe X509_get_subject_name(certificate) else { return [] }
        var found: [String] = []
        var index: Int32 = -1
        while found.count < maximumIdentities {
            index = unsafe X509_NAME_get_index_by_NID(subject, NID_commonName, index)
            guard index >= 0 else { break }
            if let name = unsafe text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index))) {
                found.append(name)
            }
        }
        return found
    }

    /// As UTF-8; `nil` with a NUL in it, behind which another name could hide.
    private static func text(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> String? {
        var octets: UnsafeMutablePointer<UInt8>?
        let count = unsafe ASN1_STRING_to_UTF8(&octets, string)
        guard count > 0, let start = unsafe octets else { return nil }
        defer { unsafe CRYPTO_free(start, #file, Int32(#line)) }
        let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }
}
