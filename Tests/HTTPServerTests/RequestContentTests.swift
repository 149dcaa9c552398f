import Contracts
import HTTPTypes
import Testing

@testable import HTTPServer

/// Which content types and encodings of a body are accepted.
struct RequestContentTests {
    private func failure(_ fields: [(HTTPField.Name, String)]) -> RequestError? {
        var headers = HTTPFields()
        for (name, value) in fields { headers.append(HTTPField(name: name, value: value)) }
        do throws(RequestError) {
            try RequestContent.check(headers)
            return nil
        } catch { return error }
    }

    @Test(arguments: [
        "application/json", "APPLICATION/JSON", "Application/Json; charset=UTF-8", "application/json;charset=utf-8",
        "application/json ; Charset=\"utf-8\"", "application/json;charset=\"UT\\F-8\"", "application/json;charset=utf8",
        "application/json;", "application/json; ;", "application/json;x=y", "application/json; profile=\"a;charset=latin1\"",
        "application/merge-patch+json", "application/hal+json", "application/hal+json;profile=http://a/b", " application/json\t",
    ])
    func isRead(_ type: String) { #expect(failure([(.contentType, type)]) == nil) }

    @Test(arguments: [
        "", " ", "json", "application", "application/", "/json", "application/jsonx", "xapplication/json",
        "application/json-patch+json",
        "application/jsonp", "text/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "*/*",
        "application/*", "application/json, application/json", "application/json,text/plain", "application/json;x=y, text/plain",
        "application /json", "application/ json", "\"application/json\"", "application/json;charset=\"utf-8",
        "application/json;=x",
        "application/json;charset=\"utf-8\"x", "text/plain;application/json",
    ])
    func wrongMediaType(_ type: String) { #expect(failure([(.contentType, type)]) == .unsupportedMediaType) }

    @Test(arguments: [
        "latin1", "iso-8859-1", "utf-16", "UTF-16LE", "us-ascii", "euc-kr", "\"\"", "", "utf-7", "utf-8x", "\"utf-8 \"",
        "x;charset=utf-8",
        "utf-8;charset=latin1", "UTF-8;CHARSET=LATIN1",
    ])
    func wrongCharset(_ charset: String) {
        #expect(failure([(.contentType, "application/json;charset=" + charset)]) == .unsupportedCharset)
    }

    @Test func noMediaTypeOrSeveral() {
        #expect(failure([]) == .unsupportedMediaType)
        #expect(failure([(.contentType, "application/json"), (.contentType, "application/json")]) == .unsupportedMediaType)
        #expect(failure([(.contentType, "application/json;charset=utf-8"), (.contentType, "text/plain")]) != nil)
    }

    @Test(arguments: [
        "gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "aes128gcm", "identity, gzip", "gzip,identity", "none", "\"identity\"",
    ])
    func encoded(_ coding: String) {
        #expect(failure([(.contentType, "application/json"), (.contentEncoding, coding)]) == .unsupportedContentCoding)
        #expect(
            failure([(.contentType, "application/json"), (.contentEncoding, "identity"), (.contentEncoding, coding)])
                == .unsupportedContentCoding)
    }

    @Test(arguments: ["identity", "Identity", " identity ", "identity, identity", "", ","])
    func notEncoded(_ coding: String) {
        #expect(failure([(.contentType, "application/json"), (.contentEncoding, coding)]) == nil)
    }
}
