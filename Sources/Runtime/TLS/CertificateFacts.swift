// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import COpenSSL
internal import Glibc

/// What a certificate says about itself.
package struct CertificateFacts: Sendable {
    package let subject: String
    package let issuer: String
    package let notBefore: String
    package let notAfter: String
    /// SHA-256 of the DER form, hexadecimal.
    package let fingerprint: String

    /// Reads the first certificate of a PEM file.
    package init(file: String) throws(TLSError) {
        guard let input = unsafe BIO_new_file(file, "r") else { throw .openSSL("certificate file \(file)") }
        defer { unsafe BIO_free(input) }
        guard let certificate = unsafe PEM_read_bio_X509(input, nil, nil, nil) else {
            throw .openSSL("certificate file \(file)")
        }
        defer { unsafe X509_free(certificate) }
        unsafe subject = Self.name(X509_get_subject_name(certificate))
        unsafe issuer = Self.name(X509_get_issuer_name(certificate))
        unsafe notBefore = Self.time(X509_get0_notBefore(certificate))
        unsafe notAfter = Self.time(X509_get0_notAfter(certificate))
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        unsafe X509_digest(certificate, EVP_sha256(), &digest, &length)
        fingerprint = Hex.encode(digest.prefix(Int(length)))
    }

    package var text: String {
        """
        subject:      \(subject)
        issuer:       \(issuer)
        valid from:   \(notBefore)
        valid until:  \(notAfter)
        sha256:       \(fingerprint)

        """
    }

    private static func name(_ name: OpaquePointer?) -> String {
        guard let name = unsafe name, let text = unsafe X509_NAME_oneline(name, nil, 0) else { return "" }
        defer { unsafe CRYPTO_free(text, #file, Int32(#line)) }
        return unsafe String(cString: text)
    }

    private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        var parts = unsafe tm()
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return "" }
        let moment = unsafe timegm(&parts)
        return Timestamp.text(nanoseconds: Int64(moment) * 1_000_000_000, fractionDigits: 0)
    }
}
