"""Guiju (规矩): the service is lawful under 《生成式人工智能服务管理暂行办法》, and can prove it."""

__version__ = "0.1.0"
