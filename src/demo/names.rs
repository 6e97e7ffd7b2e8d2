//! Names of streets, quarters and communities, Chinese and English.

/// What a street of each direction may be called: characters and their transcription.
const FIRST: [(&str, &str); 20] = [
    ("青年", "Qingnian"),
    ("鼓楼", "Gulou"),
    ("凤凰", "Fenghuang"),
    ("迎春", "Yingchun"),
    ("海阳", "Haiyang"),
    ("东进", "Dongjin"),
    ("济川", "Jichuan"),
    ("梅兰", "Meilan"),
    ("望海", "Wanghai"),
    ("春晖", "Chunhui"),
    ("柳园", "Liuyuan"),
    ("稻河", "Daohe"),
    ("府前", "Fuqian"),
    ("五一", "Wuyi"),
    ("桃园", "Taoyuan"),
    ("坡子", "Pozi"),
    ("莲花", "Lianhua"),
    ("永泰", "Yongtai"),
    ("泰山", "Taishan"),
    ("银杏", "Yinxing"),
];
const SECOND: [(&str, &str); 21] = [
    ("人民", "Renmin"),
    ("育才", "Yucai"),
    ("扬桥", "Yangqiao"),
    ("河滨", "Hebin"),
    ("南山", "Nanshan"),
    ("文昌", "Wenchang"),
    ("江洲", "Jiangzhou"),
    ("沿河南", "Yanhe South"),
    ("沿河北", "Yanhe North"),
    ("西仓", "Xicang"),
    ("东河", "Donghe"),
    ("税务", "Shuiwu"),
    ("松林", "Songlin"),
    ("九龙", "Jiulong"),
    ("兴业", "Xingye"),
    ("和平", "Heping"),
    ("学府", "Xuefu"),
    ("百花", "Baihua"),
    ("康居", "Kangju"),
    ("朝阳", "Chaoyang"),
    ("光明", "Guangming"),
];

/// Name of a street: lines from south to north first, then from west to east, then the avenue.
pub(super) fn street(number: usize, lines_north: usize, word: &str) -> (String, String) {
    let (kind_zh, kind_en) = match word {
        "major" => ("大道", "Avenue"),
        "minor" => ("路", "Road"),
        _ => ("巷", "Lane"),
    };
    let (zh, en) = if number < lines_north {
        FIRST[number % FIRST.len()]
    } else if number - lines_north < SECOND.len() - 1 {
        SECOND[number - lines_north]
    } else {
        ("凤城", "Fengcheng")
    };
    (format!("{zh}{kind_zh}"), format!("{en} {kind_en}"))
}

pub(super) const RIVER: (&str, &str) = ("凤城河", "Fengcheng River");
pub(super) const POND: (&str, &str) = ("天德湖", "Tiande Pond");

pub(super) const PARKS: [(&str, &str); 6] = [
    ("天德湖公园", "Tiande Pond Park"),
    ("梅园", "Plum Garden"),
    ("银杏公园", "Ginkgo Park"),
    ("东城河公园", "East River Park"),
    ("体育公园", "Sports Park"),
    ("桃花园", "Peach Garden"),
];

/// The four sub-districts (街道).
pub(super) const QUARTERS: [(&str, &str); 4] = [
    ("河南", "Henan"),
    ("河东", "Hedong"),
    ("城中", "Chengzhong"),
    ("城北", "Chengbei"),
];

/// Communities (社区), five to a sub-district.
pub(super) const COMMUNITIES: [(&str, &str); 20] = [
    ("南园", "Nanyuan"),
    ("柳桥", "Liuqiao"),
    ("莲湖", "Lianhu"),
    ("春江", "Chunjiang"),
    ("南苑", "Nanyuan New"),
    ("东苑", "Dongyuan"),
    ("望江", "Wangjiang"),
    ("东桥", "Dongqiao"),
    ("新河", "Xinhe"),
    ("兴泰", "Xingtai"),
    ("鼓楼", "Gulou"),
    ("府前", "Fuqian"),
    ("钟楼", "Zhonglou"),
    ("北仓", "Beicang"),
    ("西仓", "Xicang"),
    ("学府", "Xuefu"),
    ("百花", "Baihua"),
    ("康居", "Kangju"),
    ("朝阳", "Chaoyang"),
    ("九里", "Jiuli"),
];
