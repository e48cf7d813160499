"""An HTTP/1.1 client for model servers, on httptools: connections are kept, answers bounded."""
