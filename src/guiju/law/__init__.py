"""The Measures and their implementing instruments as dated data: what they say, demand, and whom they bind.

The room serves every provision of 《生成式人工智能服务管理暂行办法》: it holds their text, says what they demand and of
whom, and decides by Article 2 and the declared facts of a service whether they bind it.
Nouns: Instrument, Provision, Obligation, Parameter, Risk, Fact, Profile, Outcome.
"""
