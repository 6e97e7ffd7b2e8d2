select camera_id collate "C" as id, location as geom, name_zh, name_en, height_m, platform_id
from camera
