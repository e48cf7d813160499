"""Our own lists of what writers put in place of everyday characters. Compiled by hand from the shapes and sounds."""

_RADICALS = """
玉王 亻人 氵水 扌手 忄心 讠言 訁言 钅金 釒金 饣食 飠食 纟糸 糹糸 丝糸 犭犬 艹艸 刂刀 礻示 衤衣 灬火 囗口 攴攵 罒网
覀西 ⺮竹 爫爪 牜牛 玊玉 丬爿 ⺼肉 辶辵 虍虎 耂老 龵手 𧾷足 阜阝 邑阝 廾艸 卩卪 冖冗
"""
RADICAL_FORMS = {pair[0]: pair[1] for pair in _RADICALS.split()}
"""A radical's squeezed form → the character by which a writer names it."""

_MARTIAN = """
伱你 沵你 妳你 祢你 莪我 硪我 恏好 竓好 の的 啲的 哋的 菂的 旳的 ㄉ的 卟不 吥不 芣不 鈈不 ㄋ了 孒了 媞是 湜是 偍是
囯国 圀国 囻国 亾亡 兦亡 兲天 靝天 夶大 汏大 冭太 尛小 尐小 仯少 兂无 嘸无 莈没 冇没 茬在 洅再 侢再 婲花 蘤花 埖花
侽男 莮男 囝子 囙因 洇因 啩挂 迣世 卋世 丗世 堺界 乄为 丅下 丄上 扖入 叺入 汃八 仈八 ㄅ巴 ㄇ门 冂门 閄门 ㄖ日 囸日
仴月 氺水 淼水 焱火 炏火 吙火 鈥火 仧长 镸长 仦小 咑打 扙打 毆殴 銭钱 偂钱 铳枪 槍枪 愙客 尅克 汸方 昉方 伩信 訫信
孞信 葳微 溦微 癓微 嶶微 徾微 岚风 颩风 渢风 忟文 呅文 妏文 钕女 籹女 亼人 仌人 朲人 魜人 屳仙 仚仙 鯂苏 囍喜 憙喜
歖喜 渘柔 咊和 龢和 啝和 惪德 徳德 恵惠 偠要 喓要 葽要 檤道 噵道 瓞迭 嘚得 淂得 啇商 墒商 囬回 佪回 囘回 厾去 呿去
迲去 倈来 唻来 逨来 涞来 杺心 伈心 炩令 泠令 玪今 妗今 仱今 赽快 忦价 僙黄 熿黄 銧光 洸光 珖光 溋盈 铯色 栬色 凊情
甠情 棈精 迗天 祆天 佷很 佡仙 俬私 厶私 婯丽 孋丽 凨风 侂托 讬托 仛托 僿赛 簺赛 噻赛 弎三
"""
MARTIAN = {pair[0]: pair[1] for pair in _MARTIAN.split()}
"""What stands there → the everyday character that is meant. Characters that are everyday themselves are not listed."""

PART_FORMS = {"草": "艸", "肉": "月", "玉": "王", "冰": "冫", "氣": "气", "茲": "兹", "鸟": "鸟", "已": "巳"}
"""A part as a dictionary of parts names it → the part as a writer sees it."""

_OWN_PARTS = """
务夂力 星日生 盖羊皿 异巳艸 丢壬厶 着羊目 盲亡目 零雨令 背北月 鳖敝鱼 垄龙土 陆阝击 轨车九 汽水气
浏水刘 宿宀佰 羞羊丑 望亡月王 毒龶母 青龶月 素龶糸 表龶衣 责龶贝 兼䒑八 前䒑月刂 首䒑自 美羊大 买乛头
卖十买 杀乂木 贷代贝 袋代衣 库广车 店广占 床广木 病疒丙 疯疒风 痒疒羊 这辵文 过辵寸 还辵不 进辵井
送辵关 逃辵兆 退辵艮 迷辵米 造辵告 少小丿 行彳亍 鼻自畀 通辵甬 速辵束 连辵车 运辵云 近辵斤 道辵首
"""
OWN_PARTS = {entry[0]: entry[1:] for entry in _OWN_PARTS.split()}
"""Characters that a dictionary of parts lists otherwise than writers take them apart; compiled by hand."""
