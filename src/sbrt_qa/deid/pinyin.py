"""How Chinese characters are written in Latin letters: the ways that a name may stand in a label.

GB 2312 sorts its 3,755 commonest characters by their sound in Mandarin, so the first character of
each syllable says the sound of all that follow up to the next. Characters of names that are not
among them, and surnames with a sound of their own, are named one by one.
"""

from __future__ import annotations

import bisect
import functools
from typing import Final

_FIRST: Final = (
    "a啊ai埃an鞍ang肮ao凹ba芭bai白ban斑bang邦bao苞bei杯ben奔beng崩bi逼bian鞭biao标bie鳖bin彬"
    "bing兵bo玻bu哺ca擦cai猜can餐cang苍cao操ce厕ceng层cha插chai拆chan搀chang昌chao超che车"
    "chen郴cheng撑chi吃chong充chou抽chu初chuai揣chuan川chuang疮chui吹chun春chuo戳ci疵"
    "cong聪cou凑cu粗cuan蹿cui摧cun村cuo磋da搭dai呆dan耽dang当dao刀de德deng蹬di堤dian颠"
    "diao碉die跌ding丁diu丢dong东dou兜du都duan端dui堆dun墩duo掇e蛾en恩er而fa发fan藩fang坊"
    "fei菲fen芬feng丰fo佛fou否fu夫ga噶gai该gan干gang冈gao篙ge哥gei给gen根geng耕gong工gou钩"
    "gu辜gua刮guai乖guan棺guang光gui瑰gun辊guo锅ha哈hai骸han酣hang夯hao壕he呵hei嘿hen痕"
    "heng哼hong轰hou喉hu呼hua花huai槐huan欢huang荒hui灰hun荤huo豁ji击jia嘉jian歼jiang僵"
    "jiao蕉jie揭jin巾jing荆jiong炯jiu揪ju鞠juan捐jue撅jun均ka喀kai开kan刊kang康kao考ke坷"
    "ken肯keng坑kong空kou抠ku枯kua夸kuai块kuan宽kuang匡kui亏kun坤kuo括la垃lai莱lan蓝lang琅"
    "lao捞le勒lei雷leng棱li厘lia俩lian联liang粮liao撩lie列lin琳ling玲liu溜long龙lou楼lu芦"
    "lv驴luan峦lue掠lun抡luo萝ma妈mai埋man瞒mang芒mao猫me么mei玫men门meng萌mi眯mian棉miao苗"
    "mie蔑min民ming明miu谬mo摸mou谋mu拇na拿nai氖nan南nang囊nao挠ne呢nei馁nen嫩neng能ni妮"
    "nian蔫niang娘niao鸟nie捏nin您ning柠niu牛nong脓nu奴nv女nuan暖nue虐nuo挪o哦ou欧pa啪pai拍"
    "pan攀pang乓pao抛pei呸pen喷peng砰pi坯pian篇piao飘pie撇pin拼ping乒po坡pu扑qi期qia掐"
    "qian牵qiang枪qiao橇qie切qin钦qing青qiong琼qiu秋qu趋quan圈que缺qun裙ran然rang瓤rao饶"
    "re惹ren壬reng扔ri日rong戎rou揉ru茹ruan软rui蕊run闰ruo若sa撒sai腮san三sang桑sao搔se瑟"
    "sen森seng僧sha莎shai筛shan珊shang墒shao梢she奢shen砷sheng声shi师shou收shu蔬shua刷"
    "shuai摔shuan栓shuang霜shui谁shun吮shuo说si斯song松sou搜su嗽suan酸sui虽sun孙suo蓑ta塌"
    "tai胎tan坍tang汤tao掏te特teng藤ti梯tian天tiao挑tie贴ting厅tong通tou偷tu凸tuan湍tui推"
    "tun吞tuo拖wa挖wai歪wan豌wang汪wei威wen瘟weng嗡wo挝wu巫xi昔xia瞎xian掀xiang相xiao萧"
    "xie楔xin薪xing星xiong兄xiu休xu墟xuan轩xue靴xun勋ya压yan焉yang殃yao邀ye椰yi一yin茵"
    "ying英yo哟yong拥you幽yu淤yuan鸳yue曰yun耘za匝zai栽zan咱zang赃zao遭ze责zei贼zen怎zeng增"
    "zha扎zhai摘zhan瞻zhang樟zhao招zhe遮zhen珍zheng蒸zhi芝zhong中zhou舟zhu珠zhua抓"
    "zhuai拽zhuan专zhuang桩zhui椎zhun谆zhuo捉zi兹zong鬃zou邹zu租zuan钻zui嘴zun尊zuo昨"
)
"""Each syllable and the first character that has it, in the order of GB 2312."""

_MORE: Final = (
    "ting婷qi琪yao瑶yu瑜xuan萱yan嫣yan妍lu璐jun珺yi怡xin昕han晗yu煜wei炜ye烨jin瑾xuan璇hao昊sheng晟"
    "zi梓rui睿yu钰xin鑫qian骞li俪qian倩wei薇yun芸rui芮qian茜li莉jing菁bei蓓qiang蔷jie婕ya娅yuan媛"
    "chang嫦jiao姣shan姗ke珂jue珏yue玥wei玮chen琛yan琰zhang璋jing璟xi曦ye晔min旻yu昱hui晖miao淼pu濮"
    "qin沁hong泓jun浚qi淇ying滢xiao潇hao灏yi翊ling翎zhai翟hao郝shao邵qiu邱yan闫yan阎tong佟cen岑nie聂"
    "zhan詹yan晏xing邢luo骆bian卞qu瞿miao缪yan鄢qi麒lin麟gong龚shan单zeng曾qiu仇xie解zha查ou区piao朴"
    "yue乐ge盖chong种you尤shang尚luo洛mi宓fu傅she佘xian冼xue薛teng滕ruan阮yin尹"
)
"""Further characters of names, and surnames that sound other than the word."""

_TRADITIONAL: Final = (
    "張张陳陈劉刘楊杨黃黄趙赵吳吴孫孙馬马許许鄭郑謝谢蘇苏蔣蒋葉叶閻阎鄧邓馮冯呂吕盧卢賈贾鍾钟譚谭鄒邹陸陆"
    "龍龙萬万錢钱湯汤賴赖龐庞顏颜偉伟華华國国麗丽軍军強强蘭兰鳳凤紅红劍剑東东寶宝榮荣興兴貴贵傑杰靜静雲云愛爱"
    "學学義义輝辉陽阳鵬鹏飛飞瑩莹穎颖嬌娇豔艳慶庆濤涛衛卫曉晓詩诗夢梦語语韻韵澤泽軒轩樂乐羅罗齊齐韓韩範范方方"
    "嚴严莊庄餘余葉叶連连喬乔賀贺龔龚溫温畢毕聶聂關关習习項项費费區区單单譯译鄔邬欒栾駱骆鮑鲍"
)
"""Pairs of characters, in the traditional and in the simplified spelling."""

SIMPLIFIED: Final = {
    ord(_TRADITIONAL[at]): _TRADITIONAL[at + 1] for at in range(0, len(_TRADITIONAL), 2)
}

_LAST: Final = 0xD7F9
"""Code of the last character that is sorted by sound."""


def is_han(character: str) -> bool:
    """Tell whether a character is a Chinese one."""
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003134f"


def sounds(character: str) -> tuple[str, ...]:
    """Return the syllables of a character, without tones; none where they are not known."""
    found = list(_further().get(character, ()))
    code = _code(character)
    codes, syllables = _table()
    if codes[0] <= code <= _LAST:
        found.append(syllables[bisect.bisect_right(codes, code) - 1])
    spelled = [spelling for syllable in found for spelling in _spellings(syllable)]
    return tuple(dict.fromkeys(spelled))


def _spellings(syllable: str) -> tuple[str, ...]:
    """Return a syllable as people type it: ``lv`` is ``lü``, ``lu`` and ``lyu`` as well."""
    if syllable in ("lv", "nv", "lue", "nue"):
        first, rest = syllable[0], syllable[2:]
        return tuple(first + vowel + rest for vowel in ("v", "u", "yu", "ue"))
    return (syllable,)


def _code(character: str) -> int:
    try:
        return int.from_bytes(character.encode("gb2312"), "big")
    except UnicodeEncodeError:
        return 0


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs, syllable = [], ""
    for character in text:
        if character.isascii():
            syllable += character
        else:
            pairs.append((syllable, character))
            syllable = ""
    return pairs


@functools.cache
def _table() -> tuple[list[int], list[str]]:
    pairs = _pairs(_FIRST)
    return [_code(character) for _, character in pairs], [syllable for syllable, _ in pairs]


@functools.cache
def _further() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for syllable, character in _pairs(_MORE):
        found[character] = (*found.get(character, ()), syllable)
    return found
